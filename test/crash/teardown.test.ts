/** Processes that cannot be ended: said, survived, and ended by the next start. Takes as long as every grace together. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decisions, pass } from '../e2e/rows.ts';
import { Fleet } from '../fixtures/fleet.ts';
import { runWith } from '../faults/plan.ts';
import { expectInvariants, knownGoodFaults } from '../invariants.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

describe('a teardown that fails because no process can be ended', () => {
  it(
    'is infra and named, leaves its term to the next start, and that ends what is left',
    { timeout: 600_000 },
    async () => {
      const upstream = await fleet.recipe('shop', V1);
      await pass(fleet);
      await upstream.release(V2);
      const fault = {
        point: '*: signal *',
        occurrence: 1,
        when: 'before',
        act: 'EPERM',
        sticky: true,
      } as const;
      const { outcome } = await runWith(fleet, fault);
      expect(outcome.code).toBe(2);
      const [trial] = outcome.json?.recipes?.map((each) => each.trial) ?? [];
      expect(trial).toMatchObject({ verdict: 'infra', promoted: false });
      expect(trial?.message).toMatch(/could not end process(es)? \d+/);
      expect(await knownGoodFaults(fleet)).toEqual([]);
      expect(await readdir(join(fleet.state, '.reconcile', 'ended'))).toHaveLength(1);
      const next = await pass(fleet, ['--retry-failed']);
      expect(next.stderr).toMatch(/"processes":[1-9]/);
      expect(decisions(next)).toEqual({ shop: 'in-sync' });
      await expectInvariants(fleet);
    },
  );
});
