/** What people ask of the loop by the command line. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';
import { expectInvariants } from '../../invariants.ts';
import { leaveGeneration } from '../leftovers.ts';
import { addSlowRecipe } from '../waiting.ts';

const V1 = '1.0.0+1.0';
const PATIENT = { env: { RECONCILE_REQUEST_PATIENCE: '45s' } };
const HASTY = { env: { RECONCILE_REQUEST_PATIENCE: '1ms' } };

let fleet: Fleet;
let loop: RunningLoop;

beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '6h' });
  await fleet.recipe('shop', V1);
  loop = await RunningLoop.start(fleet);
  await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
});

afterEach(async () => {
  await loop.stop();
  await expectInvariants(fleet);
  await fleet.dispose();
});

describe('beside the loop', () => {
  it('a rebuild is noted at once, and carried out', async () => {
    const outcome = await fleet.reconcile(['rebuild', 'shop', '--json'], PATIENT);
    expect(outcome.json).toMatchObject({ verb: 'rebuild', state: 'obeyed' });
    await loop.line({ msg: 'decided', recipe: 'shop', reason: 'rebuild-requested' });
    await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync', was: 'repair' });
    expect(await fleet.record('shop')).toMatchObject({ generation: 2 });
  });

  it('a trial is cancelled, and begins anew', async () => {
    await addSlowRecipe(fleet);
    await loop.line({ msg: 'a step begins', recipe: 'slow', step: 'install' });
    const from = loop.mark();
    expect((await fleet.reconcile(['cancel', 'slow'], PATIENT)).code).toBe(0);
    await loop.line({ msg: 'a trial ended', recipe: 'slow', reason: 'cancelled' }, from);
    await loop.line({ msg: 'a trial begins', recipe: 'slow' }, from);
  });

  it('what is left is removed, once no trial runs, and other trials go on after that', async () => {
    await addSlowRecipe(fleet);
    await loop.line({ msg: 'a step begins', recipe: 'slow', step: 'install' });
    await leaveGeneration(fleet, 'shop', 9);
    const left = await fleet.reconcile(['gc', '--json'], HASTY);
    expect(left.json).toMatchObject({ state: 'left' });
    const collected = fleet.reconcile(['gc', '--json'], PATIENT);
    await fleet.manifest('slow', { ...fleet.storeSpec(), suspend: { reason: 'it is slow' } });
    expect((await collected).json).toMatchObject({ kind: 'Collection', exitCode: 0, stillThere: [] });
    expect(existsSync(join(fleet.state, 'shop', 'generations', '9'))).toBe(false);
    await fleet.recipe('bank', V1);
    await loop.line({ msg: 'a trial ended', recipe: 'bank', verdict: 'green' });
  });

  it('a recipe that is enrolled is not forgotten', async () => {
    const outcome = await fleet.reconcile(['forget', 'shop', '--yes', '--json'], PATIENT);
    expect(outcome.code).toBe(1);
    expect(await fleet.record('shop')).not.toBeNull();
  });

  it('another loop is refused, with the name of this one', async () => {
    const other = await fleet.reconcile([]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain(`pid ${loop.pid}`);
  });
});
