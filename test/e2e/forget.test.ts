/** `forget`: everything of a recipe goes, but only of one that is certainly not enrolled. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const execute = promisify(execFile);
const V1 = '1.0.0+1.0';
const KILL_AT_RENAME = new URL('../fixtures/kill-at-rename.mjs', import.meta.url).href;

let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.recipe('shop', V1);
  await fleet.recipe('blog', V1);
  expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync', blog: 'in-sync' });
});

afterEach(async () => {
  await fleet.dispose();
});

const forget = (args: string[] = ['--yes']) => fleet.reconcile(['forget', 'shop', '--json', ...args]);

async function refuses(why: string): Promise<void> {
  const before = await fleet.listing();
  const outcome = await forget();
  expect(outcome.code).toBe(1);
  expect(String(outcome.json?.error)).toContain(why);
  expect(await fleet.listing()).toEqual(before);
}

describe('forget', () => {
  it('without --yes says what would go, with sizes, and changes nothing', async () => {
    await fleet.removeManifest('shop');
    const before = await fleet.listing();
    const outcome = await forget([]);
    expect(outcome.code).toBe(1);
    const wouldRemove = outcome.json?.['wouldRemove'] as { where: string; bytes: number }[];
    const places = wouldRemove.map(({ where }) => where);
    for (const name of ['canonical.json', 'status.json', 'mirror.git', 'generations/1'])
      expect(places).toContain(`shop/${name}`);
    for (const { bytes } of wouldRemove) expect(bytes).toBeGreaterThan(0);
    expect(await fleet.listing()).toEqual(before);
    expect((await fleet.reconcile(['forget', 'shop'])).stderr).toContain('reconcile forget shop --yes');
    await expectInvariants(fleet);
  });

  it('removes everything of it and nothing of the others', async () => {
    await fleet.removeManifest('shop');
    const outcome = await forget();
    expect(outcome.code).toBe(0);
    expect(outcome.json).toMatchObject({ verb: 'forget', state: 'obeyed', leftAlone: [] });
    expect((await readdir(fleet.state)).toSorted()).toEqual(['.reconcile', 'blog']);
    expect(decisions(await pass(fleet))).toEqual({ blog: 'in-sync' });
    await expectInvariants(fleet);
  });

  it('also of one that never got a record', async () => {
    const upstream = await fleet.upstream('slow');
    await upstream.release(V1, { exitAtStart: 3 });
    await fleet.manifest('slow');
    await pass(fleet);
    await fleet.manifest('slow', { ...fleet.storeSpec(), enrolled: false, reason: 'it never worked' });
    expect((await fleet.reconcile(['forget', 'slow', '--yes'])).code).toBe(0);
    expect(await readdir(fleet.state)).not.toContain('slow');
    await expectInvariants(fleet);
  });

  it('also of one that was removed before it had a record, and that is shown until then', async () => {
    const upstream = await fleet.upstream('slow');
    await upstream.release(V1, { exitAtStart: 3 });
    await fleet.manifest('slow');
    await pass(fleet);
    await fleet.removeManifest('slow');
    await writeFile(join(fleet.state, 'fill'), 'somebody else’s');
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync', blog: 'in-sync', slow: 'not-enrolled' });
    expect(row(outcome, 'slow')).toMatchObject({ reason: 'orphaned', drift: null });
    expect(row(outcome, 'slow')['bytes']).toBeGreaterThan(0);
    const words = 'all that is stored of it (its mirror and 1 trial) stays until "reconcile forget slow"';
    expect(row(outcome, 'slow').message).toContain(words);
    expect((await fleet.reconcile(['status'])).stdout).toContain('slow');
    expect((await fleet.reconcile(['explain', 'slow'])).stdout).toContain(words);
    expect((await fleet.reconcile(['forget', 'slow', '--yes'])).code).toBe(0);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync', blog: 'in-sync' });
    expect(await readdir(fleet.state)).not.toContain('slow');
  });

  it('is refused for what is enrolled, or what something enrolled depends on', async () => {
    await refuses('shop is enrolled by');
    await fleet.manifest('shop', { ...fleet.storeSpec(), enrolled: false, reason: 'no longer' });
    await fleet.manifest('blog', { ...fleet.storeSpec(), dependsOn: ['shop'] });
    await refuses('blog, which is enrolled, depends on shop');
    await expectInvariants(fleet);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['is empty', 'no manifest was found at all', () => fleet.removeManifest('blog')],
    ['is gone', 'it does not exist', () => rm(fleet.manifests, { recursive: true })],
    [
      'holds a file that is wrong',
      'cannot be told while a manifest is invalid',
      () => fleet.document('x.yaml', 'a: ['),
    ],
  ])('is refused where the folder of manifests %s: that is no proof', async (_, why, make) => {
    await fleet.removeManifest('shop');
    await make();
    await refuses(why);
    await expectInvariants(fleet);
  });

  it('is refused while its record cannot be read', async () => {
    await fleet.removeManifest('shop');
    await writeFile(join(fleet.state, 'shop', 'canonical.json'), '{');
    await refuses('the record of shop cannot be read');
  });

  it('is refused for what nothing is stored of', async () => {
    await mkdir(join(fleet.state, 'empty'));
    const outcome = await fleet.reconcile(['forget', 'ship', '--yes', '--json']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('nothing is stored of a recipe called "ship"');
  });

  it('is done by whoever acts next when it is killed at any moment, and harmless until then', async () => {
    await fleet.removeManifest('shop');
    const asItWas = join(fleet.folder, 'as-it-was');
    await execute('cp', ['-a', fleet.state, asItWas]);
    let killed = 0;
    for (let at = 1; ; at++) {
      await rm(fleet.state, { recursive: true });
      await execute('cp', ['-a', asItWas, fleet.state]);
      const env = { NODE_OPTIONS: `--import=${KILL_AT_RENAME}`, KILL_AT: `${at}`, KILL_ROOT: fleet.state };
      const { signal } = await fleet.reconcile(['forget', 'shop', '--yes'], { env });
      const isAsked = (await readdir(join(fleet.state, '.reconcile', 'requests'))).some((name) =>
        name.endsWith('.json'),
      );
      expect(decisions(await pass(fleet))).toMatchObject({ blog: 'in-sync' });
      expect(await fleet.record('shop')).toEqual(isAsked || signal === null ? null : expect.anything());
      await expectInvariants(fleet);
      if (signal === null) break;
      killed++;
    }
    expect(killed).toBeGreaterThan(8);
  });
});
