/** What people are shown of a recipe besides its decision: who suspended it, whether the fleet is frozen, its conditions. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Condition } from '../../src/reconciler/model.ts';
import { Fleet } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const suspend = { reason: 'migrating', by: 'ann', until: '2099-01-01T00:00:00.000Z' };
const freeze = { reason: 'audit', by: 'ops', until: null };
const PAST = '2020-01-01T00:00:00.000Z';

let fleet: Fleet;

/** A recipe in sync. */
beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.recipe('shop', V1);
  expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
});

afterEach(async () => {
  await expectInvariants(fleet);
  await fleet.dispose();
});

const SHOWING = [['plan'], ['--once'], ['status'], ['explain', 'shop']];

describe('a suspension and a freeze are shown by every command, also where all is in sync', () => {
  it('in force: with reason, owner and end', async () => {
    await fleet.manifest('shop', { ...fleet.storeSpec(), suspend });
    await fleet.reconciler({ freeze: { reason: 'audit', by: 'ops' } });
    for (const command of SHOWING) {
      const { stdout } = await fleet.reconcile(command);
      expect(stdout).toContain('shop is suspended: migrating (by ann), until 2099-01-01T00:00:00.000Z\n');
      expect(stdout).toContain('the whole fleet is frozen: audit (by ops), without an end\n');
    }
    const status = await fleet.reconcile(['status', '--json']);
    for (const outcome of [await plan(fleet), await pass(fleet), status]) {
      expect(outcome.json).toMatchObject({ freeze });
      expect(row(outcome, 'shop')).toMatchObject({ decision: 'in-sync', suspended: suspend });
    }
    const explained = await fleet.reconcile(['explain', 'shop', '--json']);
    expect(explained.json).toMatchObject({
      suspension: { ...suspend, inForce: true },
      freeze: { ...freeze, inForce: true },
    });
  });

  it('ended, and still written down: it is said that they have ended', async () => {
    const ended = { reason: 'migrating', by: 'ann', until: PAST };
    await fleet.manifest('shop', { ...fleet.storeSpec(), suspend: ended });
    await fleet.reconciler({ freeze: { reason: 'audit', by: 'ops', until: PAST } });
    for (const command of SHOWING) {
      const { stdout } = await fleet.reconcile(command);
      expect(stdout).toContain(`the suspension of shop ended at ${PAST} and still stands in its manifest`);
      expect(stdout).toContain(
        `the freeze of the whole fleet ended at ${PAST} and still stands in the Reconciler document: audit (by ops)\n`,
      );
    }
    const explained = await fleet.reconcile(['explain', 'shop', '--json']);
    expect(explained.json).toMatchObject({ suspension: { ...ended, inForce: false } });
  });

  it('and taken away: nothing is said any more', async () => {
    await fleet.reconciler({ freeze: { reason: 'audit', by: 'ops' } });
    expect((await pass(fleet)).json).toMatchObject({ freeze });
    await fleet.reconciler({});
    for (const command of SHOWING)
      expect((await fleet.reconcile(command)).stdout).not.toMatch(/frozen|freeze|suspen/);
    expect((await fleet.reconcile(['status', '--json'])).json).toMatchObject({ freeze: null });
  });
});

interface Memory {
  conditions: (Omit<Condition, 'observedGeneration'> & { observedGeneration?: string | null })[];
}

const memoryFile = () => join(fleet.state, 'shop', 'status.json');

async function memory(): Promise<Memory> {
  const stored: Memory = JSON.parse(await readFile(memoryFile(), 'utf8'));
  return stored;
}

describe('conditions', () => {
  it('are explained as they are stored, and say by which wording of the manifest', async () => {
    const { conditions } = await memory();
    expect(conditions.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'Ready True',
      'Reconciling False',
      'Stalled False',
    ]);
    expect(conditions[0]?.observedGeneration).toMatch(/^sha256:[0-9a-f]{12}$/);
    const explained = await fleet.reconcile(['explain', 'shop', '--json']);
    expect(explained.json).toMatchObject({ conditions });
    const { stdout } = await fleet.reconcile(['explain', 'shop']);
    expect(stdout).toContain(`Ready: True (up-to-date), since ${conditions[0]?.lastTransitionTime}`);
  });

  it('follow an edit of the manifest that changes nothing else, without having changed themselves', async () => {
    const before = await memory();
    await fleet.manifest('shop', { ...fleet.storeSpec(), retain: 5 });
    await pass(fleet);
    const after = await memory();
    expect(after.conditions[0]?.observedGeneration).not.toBe(before.conditions[0]?.observedGeneration);
    const withoutIt = ({ conditions }: Memory) =>
      conditions.map((each) => ({ ...each, observedGeneration: null }));
    expect(withoutIt(after)).toEqual(withoutIt(before));
  });

  it('of an earlier version are read, and are no reason to write (invariant I4)', async () => {
    const stored = await memory();
    for (const condition of stored.conditions) delete condition.observedGeneration;
    await writeFile(memoryFile(), JSON.stringify(stored));
    const earlier = await readFile(memoryFile(), 'utf8');
    expect((await pass(fleet, ['shop'])).code).toBe(0);
    expect(await readFile(memoryFile(), 'utf8')).toBe(earlier);
    await fleet.manifest('shop', { ...fleet.storeSpec(), enrolled: true, suspend });
    const explained = await fleet.reconcile(['explain', 'shop', '--json']);
    expect(explained.json).toMatchObject({
      conditions: [{ type: 'Ready', observedGeneration: expect.stringMatching(/^sha256:/) }, {}, {}],
    });
  });
});
