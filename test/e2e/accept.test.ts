/** `accept` and `rebuild`: a person's word on a canonical, which the next pass goes by. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { storeTree, type UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';

let fleet: Fleet;
let upstream: UpstreamRepo;
let moves = 0;

beforeEach(async () => {
  fleet = await Fleet.create();
  upstream = await fleet.recipe('shop', V1);
  expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
});

afterEach(async () => {
  await fleet.dispose();
});

async function memory(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(fleet.state, 'shop', 'status.json'), 'utf8'));
}

async function change(path: string, with_: Record<string, unknown>): Promise<void> {
  const file = join(fleet.state, 'shop', path);
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...with_ }));
}

async function moveTag(): Promise<string> {
  const moved = await upstream.commit({ ...(await storeTree()), MOVED: `${++moves}\n` });
  await upstream.moveTag(V1);
  return moved;
}

describe('accept', () => {
  it('of a moved tag rebuilds the canonical at the moved commit; until then the old one stays', async () => {
    const moved = await moveTag();
    expect(row(await plan(fleet), 'shop')).toMatchObject({ decision: 'held', reason: 'tag-moved' });
    const before = await fleet.record('shop');
    const outcome = await fleet.reconcile(['accept', 'shop', '--json']);
    expect(outcome.code).toBe(0);
    expect(outcome.json).toMatchObject({
      kind: 'Request',
      verb: 'accept',
      state: 'obeyed',
      decision: { decision: 'repair', reason: 'accepted' },
    });
    expect(row(await plan(fleet), 'shop')).toMatchObject({ decision: 'repair', reason: 'accepted' });
    expect(await fleet.record('shop')).toEqual(before);
    await expectInvariants(fleet, { rewritten: ['shop'] });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version: V1, commit: moved, generation: 2, kept: [] });
    expect(await memory()).toMatchObject({ accepted: null });
    await expectInvariants(fleet);
  });

  it('counts for what was seen: a tag that moves once more is held again', async () => {
    await moveTag();
    expect((await fleet.reconcile(['accept', 'shop'])).code).toBe(0);
    await moveTag();
    expect(row(await pass(fleet), 'shop')).toMatchObject({ decision: 'held', reason: 'tag-moved' });
    await expectInvariants(fleet, { rewritten: ['shop'] });
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['release-withdrawn', '0.9.0+0.9', () => upstream.deleteTag(V1)],
    [
      'canonical-not-allowed',
      '0.9.0+0.9',
      () => fleet.manifest('shop', { ...fleet.storeSpec(), release: { ignore: ['1.*'] } }),
    ],
    [
      'driver-changed',
      V1,
      () =>
        Promise.all(
          ['canonical.json', 'generations/1/generation.json'].map((file) =>
            change(file, { driver: 'swarm' }),
          ),
        ),
    ],
  ])('of %s rebuilds at the newest allowed release, %s', async (reason, version, make) => {
    await upstream.release('0.9.0+0.9');
    await make();
    expect(row(await plan(fleet), 'shop')).toMatchObject({ decision: 'held', reason });
    expect((await fleet.reconcile(['accept', 'shop'])).stdout).toContain('now: repair (accepted)');
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version, generation: 2, driver: 'process' });
    await expectInvariants(fleet);
  });

  it.each<[string, string, string, () => Promise<unknown>]>([
    ['nothing is held', 'shop', 'shop is in-sync', async () => undefined],
    [
      'it is held for another reason',
      'shop',
      'shop is suspended',
      () =>
        upstream
          .release(V2)
          .then(() => fleet.manifest('shop', { ...fleet.storeSpec(), suspend: { reason: 'x' } })),
    ],
    [
      'no release is left',
      'shop',
      'no release is left',
      async () => {
        await upstream.tag('0.9');
        await upstream.deleteTag(V1);
      },
    ],
    ['there is no such recipe', 'ship', 'no recipe is called "ship"', async () => undefined],
  ])('is refused where %s, and leaves no request', async (_, recipe, why, make) => {
    await make();
    const before = await fleet.listing();
    const outcome = await fleet.reconcile(['accept', recipe, '--json']);
    expect(outcome.code).toBe(1);
    expect(outcome.json).toMatchObject({ exitCode: 1 });
    expect(String(outcome.json?.error)).toContain(why);
    expect(await fleet.listing()).toEqual(before);
    await expectInvariants(fleet, { rewritten: ['shop'] });
  });
});

describe('rebuild', () => {
  it('builds the canonical anew without its data; until then the old one stays', async () => {
    const outcome = await fleet.reconcile(['rebuild', 'shop', '--json']);
    expect(outcome.json).toMatchObject({
      state: 'obeyed',
      decision: { decision: 'repair', reason: 'rebuild-requested' },
    });
    expect(await fleet.record('shop')).toMatchObject({ generation: 1 });
    await expectInvariants(fleet);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version: V1, generation: 2, kept: [] });
    expect(await memory()).toMatchObject({ rebuild: null });
    expect((await plan(fleet)).code).toBe(0);
    await expectInvariants(fleet);
  });

  it('whose trial is red leaves the old canonical as it was', async () => {
    const before = await fleet.record('shop');
    const check = { name: 'never', phase: 'installed', command: ['false'] };
    await fleet.manifest('shop', { ...fleet.storeSpec(), checks: [check] });
    expect((await fleet.reconcile(['rebuild', 'shop'])).code).toBe(0);
    expect(row(await pass(fleet), 'shop')).toMatchObject({ decision: 'held', trial: { verdict: 'red' } });
    expect(await fleet.record('shop')).toEqual(before);
    await expectInvariants(fleet);
  });

  it('does not build a newer release on the distrusted data either', async () => {
    await upstream.release(V2);
    expect((await fleet.reconcile(['rebuild', 'shop'])).stdout).toContain('now: advance');
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    const { trial } = (await fleet.record('shop')) ?? {};
    const file = join(fleet.state, 'shop', 'trials', String(trial), 'trial.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ version: V2, base: null });
    await expectInvariants(fleet);
  });

  it('is refused where there is no canonical', async () => {
    await fleet.manifest('fresh', { ...fleet.storeSpec(), upstream: '../upstream/shop' });
    const outcome = await fleet.reconcile(['rebuild', 'fresh', '--json']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('fresh has no canonical to rebuild: it is seed');
    await expectInvariants(fleet);
  });

  it('says so where no request can be left', async () => {
    await writeFile(join(fleet.state, '.reconcile', 'requests'), '');
    const outcome = await fleet.reconcile(['rebuild', 'shop', '--json']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('could not leave a request in');
    expect(row(await plan(fleet), 'shop')).toMatchObject({ decision: 'in-sync' });
  });
});
