/** What cannot be written is said, and costs no more than that: the others are served, and what was found is told. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runWith, type Fault } from '../faults/plan.ts';
import { Fleet } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

const failing = (point: string, act: Fault['act'] = 'EIO'): Fault => ({
  point,
  act,
  occurrence: 1,
  when: 'before',
});

describe('what cannot be written', () => {
  it('of what a recipe’s look showed stops no other recipe', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await pass(fleet);
    await upstream.release(V2);
    await rm(join(fleet.state, 'blog', 'status.json'));
    const { outcome } = await runWith(
      fleet,
      failing('start: rename term/staged/status.json -> blog/status.json'),
    );
    expect(outcome.code).toBe(0);
    expect(decisions(outcome)).toEqual({ blog: 'in-sync', shop: 'in-sync' });
    expect(row(outcome, 'blog').message).toContain('could not be remembered: EIO');
    expect(await fleet.record('shop')).toMatchObject({ version: V2 });
    await expectInvariants(fleet);
  });

  it('of a pass’s result leaves the result to be read where it is printed, and exits 1', async () => {
    await fleet.recipe('shop', V1);
    const point = 'close: rename term/staged/passes.json -> .reconcile/passes.json';
    const { outcome } = await runWith(fleet, failing(point, 'ENOSPC'));
    expect(outcome.code).toBe(1);
    expect(outcome.json).toMatchObject({ exitCode: 1 });
    expect(String(outcome.json?.error)).toMatch(/result of this pass could not be stored: ENOSPC/);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'in-sync', trial: { promoted: true } });
    await expectInvariants(fleet);
  });

  it('of a trial’s verdict leaves the trial to the next start, which closes it by what the record says', async () => {
    await fleet.recipe('shop', V1);
    const point = 'close: rename term/staged/trial.json -> shop/trials/ID/trial.json';
    const { outcome } = await runWith(fleet, failing(point, 'ENOSPC'));
    expect(outcome.code).toBe(0);
    expect(row(outcome, 'shop').message).toContain('the trial could not be recorded: ENOSPC');
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});
