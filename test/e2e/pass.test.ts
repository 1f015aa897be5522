/** The main job, from outside: real git, real apps, the built program. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { changedPaths } from '../fixtures/folder-listing.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const V3 = '2.0.0+2.0';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

const volume = (recipe: string, generation: number, ...path: string[]): string =>
  join(fleet.state, recipe, 'generations', String(generation), 'volumes', 'data', ...path);

const migrations = async (recipe: string, generation: number): Promise<string[]> =>
  (await readFile(volume(recipe, generation, 'migrations.log'), 'utf8')).trim().split('\n');

describe('a seed', () => {
  it('records the newest release at its peeled commit, with the volumes that passed', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await upstream.release('1.10.0+1.9', {}, { lightweight: true });
    await upstream.release('1.9.0+1.99');
    await upstream.commit({ 'later.txt': 'the branch goes on' });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'in-sync',
      drift: null,
      reason: 'up-to-date',
      acted: true,
      trial: { verdict: 'green', step: null, promoted: true },
    });
    expect(await fleet.record('shop')).toMatchObject({
      recipe: 'shop',
      version: '1.10.0+1.9',
      commit: await upstream.commitOf('1.10.0+1.9'),
      status: 'idle',
      generation: 1,
      kept: [],
      driver: 'process',
      stack: 'warm-shop-1',
      domain: 'warm-shop.localhost',
      volumes: [{ name: 'data' }],
    });
    expect(await migrations('shop', 1)).toEqual(['1.10.0+1.9']);
    await expectInvariants(fleet);
  });

  it('proves that the rested volumes are picked up again, on a clone of them', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    const starts = await fleet.starts();
    expect(starts.map(({ stack }) => stack)).toEqual(['warm-shop-1', 'warm-shop-1-proof']);
    expect(await readFile(volume('shop', 1, 'counter'), 'utf8')).toBe('1');
  });

  it('is red where the release does not start again on its own volumes', async () => {
    const upstream = await fleet.upstream('shop');
    const once = `import './app.mjs'; import { existsSync, writeFileSync } from 'node:fs';
      const file = process.env.VOLUME_DATA + '/once'; if (existsSync(file)) { console.log('started before'); process.exit(3); }
      writeFileSync(file, '');`;
    await upstream.release(V1, {}, { files: { 'once.mjs': once } });
    const spec = fleet.storeSpec();
    await fleet.manifest('shop', {
      ...spec,
      app: { process: { command: ['node', 'once.mjs'], volumes: ['data'] } },
    });
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'red', step: 'rest', promoted: false });
    expect(row(outcome, 'shop').trial?.message).toContain('started before');
    expect(await fleet.record('shop')).toBeNull();
    await expectInvariants(fleet);
  });
});

describe('running twice', () => {
  it('changes no file but the stored pass, and starts no app, check, fetch or clone', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1, {
      checks: [{ name: 'mark', phase: 'installed', command: ['sh', '-c', 'echo x >> ../checked'] }],
    });
    await fleet.recipe('broken', V1, { health: { timeout: '1s' }, app: { process: { command: ['false'] } } });
    expect((await pass(fleet)).code).toBe(2);
    const before = await fleet.listing();
    const [starts, checked] = [await fleet.starts(), await readFile(join(fleet.folder, 'checked'), 'utf8')];
    const times = await modificationTimes(fleet.state);
    const again = await pass(fleet);
    expect(again.code).toBe(3);
    expect(decisions(again)).toEqual({ shop: 'in-sync', blog: 'in-sync', broken: 'held' });
    expect(again.json?.recipes?.some(({ acted }) => acted)).toBe(false);
    expect(changedPaths(before, await fleet.listing())).toEqual(['.reconcile/passes.json']);
    const touched = [...(await modificationTimes(fleet.state))].filter(
      ([path, time]) => times.get(path) !== time,
    );
    expect(touched.map(([path]) => path)).toEqual(['.reconcile/passes.json']);
    expect(await fleet.starts()).toEqual(starts);
    expect(await readFile(join(fleet.folder, 'checked'), 'utf8')).toBe(checked);
    await expectInvariants(fleet);
  });

  it('is planned as what it is: nothing to do', async () => {
    await fleet.recipe('shop', V1);
    expect(decisions(await plan(fleet))).toEqual({ shop: 'seed' });
    await pass(fleet);
    const planned = await plan(fleet);
    expect(planned.code).toBe(0);
    expect(planned.json).toMatchObject({ kind: 'Plan', exitCode: 0, summary: { 'in-sync': 1 } });
  });
});

describe('an advance', () => {
  it('builds on the data of the canonical, keeps the old generation, and drops what is beyond retain', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    expect(row(await plan(fleet), 'shop')).toMatchObject({
      decision: 'advance',
      drift: 'advance',
      reason: 'newer-release',
    });
    expect((await pass(fleet)).code).toBe(0);
    expect(await migrations('shop', 2)).toEqual([V1, V1, V2]);
    expect(await migrations('shop', 1)).toEqual([V1]);
    await upstream.release(V3);
    await pass(fleet);
    expect(await fleet.record('shop')).toMatchObject({ version: V3, generation: 3, kept: [2] });
    expect(await migrations('shop', 3)).toEqual([V1, V1, V2, V2, V3]);
    expect((await readdir(join(fleet.state, 'shop', 'generations'))).toSorted()).toEqual(['2', '3']);
    await expectInvariants(fleet);
  });

  it('installs the new release on empty volumes first, then upgrades a clone, with checks in their phases', async () => {
    const check = (phase: string) => ({
      name: phase,
      phase,
      command: ['sh', '-c', `echo "${phase} $VERSION $BASE_VERSION $STACK_NAME" >> ../phases`],
    });
    const checks = ['installed', 'beforeUpgrade', 'afterUpgrade'].map(check);
    const upstream = await fleet.recipe('shop', V1, { checks });
    await pass(fleet);
    await upstream.release(V2);
    await pass(fleet);
    const stacks = (await fleet.starts()).slice(2).map(({ version, stack }) => `${version} ${stack}`);
    expect(stacks).toEqual([`${V2} warm-shop-2-install`, `${V1} warm-shop-2`, `${V2} warm-shop-2`]);
    expect((await readFile(join(fleet.folder, 'phases'), 'utf8')).trim().split('\n')).toEqual([
      `installed ${V1}  warm-shop-1`,
      `installed ${V2}  warm-shop-2-install`,
      `beforeUpgrade ${V2} ${V1} warm-shop-2`,
      `afterUpgrade ${V2} ${V1} warm-shop-2`,
    ]);
  });

  it('deploys the base with the manifest that it was promoted with', async () => {
    const upstream = await fleet.recipe('shop', V1, fleet.storeSpec({ env: { FLAVOUR: 'old' } }));
    await pass(fleet);
    await upstream.release(V2, { printEnv: true });
    await fleet.manifest('shop', fleet.storeSpec({ env: { FLAVOUR: 'new' }, volumes: ['data', 'files'] }));
    expect((await pass(fleet)).code).toBe(0);
    expect(await fleet.record('shop')).toMatchObject({ volumes: [{ name: 'data' }, { name: 'files' }] });
    expect(await readdir(join(fleet.state, 'shop', 'generations', '2', 'volumes', 'files'))).toEqual([
      `by-${V2}`,
    ]);
    const { stdout } = await fleet.reconcile(['logs', 'shop', '--step', 'upgrade']);
    expect(stdout).toContain('new volumes, starting empty: files');
    expect(stdout).toContain('"FLAVOUR":"new"');
    expect(stdout).not.toContain('"FLAVOUR":"old"');
    await expectInvariants(fleet);
  });

  it('drops a volume that the manifest no longer has, and says so', async () => {
    const upstream = await fleet.recipe('shop', V1, fleet.storeSpec({ volumes: ['data', 'files'] }));
    await pass(fleet);
    await upstream.release(V2);
    await fleet.manifest('shop', fleet.storeSpec());
    await pass(fleet);
    expect(await fleet.record('shop')).toMatchObject({ version: V2, volumes: [{ name: 'data' }] });
    expect((await fleet.reconcile(['logs', 'shop', '--step', 'upgrade'])).stdout).toContain(
      'volumes that are gone: files',
    );
    await expectInvariants(fleet);
  });

  it('carries secrets with their volumes, and tells them to nobody', async () => {
    const upstream = await fleet.upstream('shop');
    await upstream.release(V1, { printSecret: true });
    await fleet.manifest('shop', fleet.storeSpec({ secrets: ['password'] }));
    await pass(fleet);
    await upstream.release(V2, { printSecret: true });
    expect((await pass(fleet)).code).toBe(0);
    const secret = (generation: number) =>
      readFile(join(fleet.state, 'shop', 'generations', String(generation), 'secrets', 'password'), 'utf8');
    expect(await secret(2)).toBe(await secret(1));
    const { stdout } = await fleet.reconcile(['logs', 'shop']);
    expect(stdout).toContain('the password is ***');
    await expectInvariants(fleet);
  });
});

async function modificationTimes(folder: string): Promise<Map<string, number>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const times = await Promise.all(
    files.map(async (file) => [file.slice(folder.length + 1), (await stat(file)).mtimeMs] as const),
  );
  return new Map(times);
}
