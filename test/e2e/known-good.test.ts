/** The known-good through red releases and damage, and as what others depend on. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
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

describe('a release that is red', () => {
  it.each([
    ['fails to migrate', { failOnUpgrade: true }, 'ended with exit code 1'],
    ['loses data', { loseOnUpgrade: true }, 'check kept'],
  ])(
    'and %s leaves the old record and volumes byte for byte, and the pass after it holds',
    async (_, behaviour, why) => {
      const checks = [
        {
          name: 'put',
          phase: 'beforeUpgrade',
          command: ['node', '-e', `await fetch(process.env.APP_URL + '/put?k=v', { method: 'POST' })`],
        },
        {
          name: 'kept',
          phase: 'afterUpgrade',
          command: [
            'node',
            '-e',
            `process.exit((await fetch(process.env.APP_URL + '/get?k')).status === 200 ? 0 : 1)`,
          ],
        },
      ];
      const upstream = await fleet.recipe('shop', V1, { checks });
      await pass(fleet);
      const before = await fleet.listing();
      await upstream.release(V2, behaviour);
      const red = await pass(fleet);
      expect(red.code).toBe(2);
      expect(row(red, 'shop')).toMatchObject({
        decision: 'held',
        drift: 'advance',
        reason: 'failed-same-inputs',
        canonical: { version: V1, generation: 1 },
        trial: { verdict: 'red', step: 'upgrade', promoted: false },
      });
      expect(row(red, 'shop').trial?.message).toContain(why);
      const changed = changedPaths(before, await fleet.listing());
      expect(changed.filter((path) => /canonical\.json|generations/.test(path))).toEqual([]);
      const starts = await fleet.starts();
      const held = await pass(fleet);
      expect(held.code).toBe(3);
      expect(row(held, 'shop')).toMatchObject({ decision: 'held', acted: false, trial: null });
      expect(Date.parse(row(held, 'shop').nextAt ?? '')).toBeGreaterThan(Date.now() + 2.9 * 3_600_000);
      expect(await fleet.starts()).toEqual(starts);
      await expectInvariants(fleet);
    },
  );

  it('is tried again once an input changes, and at once with --retry-failed', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2, { failOnUpgrade: true });
    await pass(fleet);
    expect(row(await pass(fleet, ['--retry-failed']), 'shop')).toMatchObject({
      acted: true,
      trial: { verdict: 'red' },
    });
    await upstream.release(V3);
    const fixed = await pass(fleet);
    expect(fixed.code).toBe(0);
    expect(await fleet.record('shop')).toMatchObject({ version: V3, kept: [1] });
    await expectInvariants(fleet);
  });
});

describe('damage', () => {
  it('a missing volume is repaired, from the older kept generation where there is one', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    await pass(fleet);
    await rm(volume('shop', 2), { recursive: true });
    expect(row(await plan(fleet), 'shop')).toMatchObject({ decision: 'repair', reason: 'volume-missing' });
    expect((await pass(fleet)).code).toBe(0);
    expect(await fleet.record('shop')).toMatchObject({ version: V2, generation: 3, kept: [1] });
    expect(await migrations('shop', 3)).toEqual([V1, V1, V2]);
    expect((await pass(fleet)).code).toBe(0);
    await expectInvariants(fleet);
  });

  it('a changed byte is found and repaired afresh where nothing older is left', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    await writeFile(volume('shop', 1, 'counter'), '7');
    const planned = row(await plan(fleet), 'shop');
    expect(planned).toMatchObject({ decision: 'repair', reason: 'volume-changed' });
    expect(planned.message).toContain('installed afresh');
    await pass(fleet);
    expect(await fleet.record('shop')).toMatchObject({ version: V1, generation: 2, kept: [] });
    await expectInvariants(fleet);
  });

  it('a file that was touched but says the same is no damage', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    await writeFile(volume('shop', 1, 'counter'), await readFile(volume('shop', 1, 'counter')));
    expect(decisions(await plan(fleet))).toEqual({ shop: 'in-sync' });
  });

  it('a newer release over a damaged canonical is built from the newest intact base, never from the damage', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    await pass(fleet);
    await writeFile(volume('shop', 2, 'migrations.log'), 'tampered\n');
    await upstream.release(V3);
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(await fleet.record('shop')).toMatchObject({ version: V3, generation: 3, kept: [1] });
    expect(await migrations('shop', 3)).toEqual([V1, V1, V3]);
    await expectInvariants(fleet);
  });
});

describe('dependencies', () => {
  const provide = [
    'node',
    '-e',
    `require('fs').writeFileSync(process.env.PROVIDE_OUT, 'TOKEN=' + [process.env.RECIPE, process.env.DEP_NAME, process.env.DEP_URL === process.env.DEP_SHOP_URL].join('-') + '\\n')`,
  ];

  it('go first, run as clones of their canonical, and hand over what was provided', async () => {
    await fleet.recipe('shop', V1);
    const upstream = await fleet.upstream('web');
    await upstream.release(V1, { needsDep: 'shop', printEnv: true });
    const seeking = [
      { name: 'sees', phase: 'installed', command: ['sh', '-c', 'echo "$DEP_SHOP_URL" > ../seen'] },
    ];
    await fleet.manifest('web', {
      ...fleet.storeSpec(),
      dependsOn: [{ name: 'shop', provide: [provide] }],
      checks: seeking,
    });
    expect(row(await plan(fleet), 'web')).toMatchObject({
      decision: 'blocked',
      reason: 'dependency-not-ready',
      after: ['shop'],
    });
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync', web: 'in-sync' });
    expect(await readFile(join(fleet.folder, 'seen'), 'utf8')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
    const { stdout } = await fleet.reconcile(['logs', 'web', '--step', 'install']);
    expect(stdout).toContain('"TOKEN":"***"');
    const stacks = (await fleet.starts()).map(({ stack }) => stack);
    expect(stacks).toEqual([
      'warm-shop-1',
      'warm-shop-1-proof',
      'warm-web-1-dep-shop',
      'warm-web-1',
      'warm-web-1-proof',
    ]);
    await expectInvariants(fleet);
  });

  it('serve as they are while their own newest release is red', async () => {
    const shop = await fleet.recipe('shop', V1);
    await pass(fleet);
    await shop.release(V2, { failOnUpgrade: true });
    const upstream = await fleet.upstream('web');
    await upstream.release(V1, { needsDep: 'shop' });
    await fleet.manifest('web', { ...fleet.storeSpec(), dependsOn: ['shop'] });
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'held', web: 'in-sync' });
    await expectInvariants(fleet);
  });

  it('that failed for reasons of ours at first do not hold up what depends on them', async () => {
    // The check keeps the mirror away from the first trial only: it is tried once more at the end of the pass.
    const mirror = { url: join(fleet.folder, 'mirror.git') };
    await fleet.recipe('shop', V1, { mirror });
    await fleet.recipe('web', V1, { dependsOn: ['shop'] });
    const make = ['sh', '-c', `git init --quiet --bare ${mirror.url}`];
    await fleet.recipe('zebra', V1, { checks: [{ name: 'mirror', phase: 'installed', command: make }] });
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync', web: 'in-sync', zebra: 'in-sync' });
    await expectInvariants(fleet);
  });

  it('whose local mirror was lost have it fetched anew by the trial that needs it', async () => {
    await fleet.recipe('shop', V1);
    const web = await fleet.recipe('web', V1, { dependsOn: ['shop'] });
    await pass(fleet);
    await rm(join(fleet.state, 'shop', 'mirror.git'), { recursive: true });
    await web.release(V2);
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync', web: 'in-sync' });
    expect(row(outcome, 'web').trial).toMatchObject({ verdict: 'green', promoted: true });
    expect(row(outcome, 'shop').acted).toBe(false);
    // What an audit asks of a mirror: the commit, what keeps it, and upstream's tag.
    expect((await fleet.reconcile(['audit'])).code).toBe(0);
    await expectInvariants(fleet);
  });

  it('whose local mirror and upstream are both gone fail a trial as nobody’s fault, and it says so', async () => {
    const shop = await fleet.recipe('shop', V1);
    const web = await fleet.recipe('web', V1, { dependsOn: ['shop'] });
    await pass(fleet);
    const commit = await shop.commitOf(V1);
    await rm(join(fleet.state, 'shop', 'mirror.git'), { recursive: true });
    await rename(shop.folder, `${shop.folder}-away`);
    await web.release(V2);
    const { trial } = row(await pass(fleet), 'web');
    expect(trial).toMatchObject({ verdict: 'infra', step: 'install' });
    expect(trial?.message).toContain(`the local mirror of shop lacks ${commit}, and it could not be fetched`);
    expect(trial?.message).toContain(`upstream ${shop.folder}`);
    await rename(`${shop.folder}-away`, shop.folder);
    expect(decisions(await pass(fleet, ['--retry-failed']))).toEqual({ shop: 'in-sync', web: 'in-sync' });
    await expectInvariants(fleet);
  });

  it('that never get a canonical block, and say why', async () => {
    await fleet.recipe('shop', V1, { app: { process: { command: ['false'] } } });
    await fleet.recipe('web', V1, { dependsOn: ['shop'] });
    const outcome = await pass(fleet);
    expect(row(outcome, 'web')).toMatchObject({ decision: 'blocked', drift: 'seed', acted: false });
    expect(row(outcome, 'web').message).toContain('shop');
    await expectInvariants(fleet);
  });
});
