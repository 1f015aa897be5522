/** `--once --metrics-file`: what a monitor is told of passes that a timer starts. */
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { samplesIn, type Samples } from '../../src/metrics/exposition.ts';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { leaveGeneration } from './leftovers.ts';
import { pass } from './rows.ts';
import { addSlowRecipe, cancel, passInTheMiddle } from './waiting.ts';

const V1 = '1.0.0+1.0';
const COMPLETED = 'reconciler_pass_last_completed_timestamp_seconds';
const EXIT_CODE = 'reconciler_pass_last_exit_code';
const passes = (result: string) => `reconciler_passes_total{result="${result}"}`;
const trials = (recipe: string, verdict: string) =>
  `reconciler_trials_total{recipe="${recipe}",verdict="${verdict}"}`;
const drift = (recipe: string) => `reconciler_recipe_drift{recipe="${recipe}"}`;

let fleet: Fleet;
let folder: string;
let file: string;

beforeEach(async () => {
  fleet = await Fleet.create();
  folder = join(fleet.folder, 'collected');
  file = join(folder, 'reconciler.prom');
  await mkdir(folder);
});

afterEach(async () => {
  await fleet.dispose();
});

const told = (...args: string[]): Promise<Outcome> => pass(fleet, [...args, '--metrics-file', file]);
const samples = async (): Promise<Samples> => samplesIn(await readFile(file, 'utf8'));

describe('the file', () => {
  it('holds every series, for everybody to read, and nothing lies beside it', async () => {
    const upstream = await fleet.recipe('shop', V1);
    const before = Math.floor(Date.now() / 1000);
    const umask = process.umask(0o077);
    const outcome = await told().finally(() => process.umask(umask));
    expect(outcome.code).toBe(0);
    const found = await samples();
    const commit = await upstream.commitOf(V1);
    expect(found.get(drift('shop'))).toBe(0);
    expect(found.get('reconciler_recipe_state{recipe="shop",decision="in-sync",reason="up-to-date"}')).toBe(
      1,
    );
    expect(
      found.get(
        `reconciler_recipe_canonical_info{recipe="shop",version="${V1}",commit="${commit}",generation="1"}`,
      ),
    ).toBe(1);
    expect(found.get('reconciler_recipe_promoted_timestamp_seconds{recipe="shop"}')).toBeGreaterThanOrEqual(
      before,
    );
    expect(found.get('reconciler_recipe_last_verdict{recipe="shop",verdict="green"}')).toBe(1);
    expect(found.get(trials('shop', 'green'))).toBe(1);
    expect(found.get('reconciler_trial_step_duration_seconds_count{step="install"}')).toBe(1);
    expect(found.get('reconciler_enrolled_recipes')).toBe(1);
    expect(found.get('reconciler_leader')).toBe(0);
    expect(found.get('reconciler_warm_volume_bytes{recipe="shop"}')).toBeGreaterThan(0);
    expect(found.get(COMPLETED)).toBeGreaterThanOrEqual(before);
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(await readdir(folder)).toEqual(['reconciler.prom']);
    await expectInvariants(fleet);
  });

  it('counts on from pass to pass', async () => {
    await fleet.recipe('shop', V1);
    await told();
    const before = await samples();
    await told();
    const found = await samples();
    expect(found.get(passes('in-sync'))).toBe(2);
    expect(found.get(trials('shop', 'green'))).toBe(1);
    const steps = 'reconciler_trial_step_duration_seconds_bucket{le="+Inf",step="install"}';
    expect([before.get(steps), found.get(steps)]).toEqual([1, 1]);
    expect(found.get(COMPLETED)).toBeGreaterThan(before.get(COMPLETED) ?? 0);
    await expectInvariants(fleet);
  });

  it('tells of drift that nothing is done about now, of manifests that are wrong and of leftovers', async () => {
    await fleet.recipe('shop', V1, { app: { process: { command: ['false'] } } });
    await fleet.recipe('blog', V1);
    expect((await told()).code).toBe(2);
    const wrong = await fleet.document('wrong.yaml', 'kind: Recipe\n');
    await leaveGeneration(fleet, 'blog', 7);
    await told();
    const found = await samples();
    expect(found.get(drift('shop'))).toBe(1);
    expect(
      found.get('reconciler_recipe_state{recipe="shop",decision="held",reason="failed-same-inputs"}'),
    ).toBe(1);
    expect(found.get('reconciler_recipe_last_verdict{recipe="shop",verdict="red"}')).toBe(1);
    expect(found.get(trials('shop', 'red'))).toBe(1);
    expect(found.get('reconciler_recipe_drift_since_timestamp_seconds{recipe="shop"}')).toBeGreaterThan(0);
    expect(found.get(`reconciler_manifest_invalid{file="${wrong}"}`)).toBe(1);
    expect(found.get('reconciler_leftovers{kind="generation"}')).toBe(1);
    expect(found.get('reconciler_observe_failures_total{source="manifests"}')).toBe(1);
  });

  it('lets go of a recipe that was forgotten', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await told();
    await fleet.removeManifest('blog');
    await told();
    expect((await samples()).get('reconciler_warm_volume_bytes{recipe="blog"}')).toBeGreaterThan(0);
    await fleet.reconcile(['forget', 'blog', '--yes']);
    await told();
    expect([...(await samples()).keys()].filter((key) => key.includes('"blog"'))).toEqual([]);
    await expectInvariants(fleet);
  });

  it('after a pass over some recipes still tells of the others, and when all were looked at last', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1, { app: { process: { command: ['false'] } } });
    await told();
    const before = await samples();
    await told('shop');
    const found = await samples();
    for (const key of [drift('blog'), trials('blog', 'red'), COMPLETED, EXIT_CODE])
      expect([key, found.get(key)]).toEqual([key, before.get(key)]);
    expect(found.get(passes('in-sync'))).toBe(1);
  });
});

describe('a pass that fails', () => {
  it('since nothing is enrolled says so, and was not completed', async () => {
    await fleet.recipe('shop', V1);
    await told();
    const before = await samples();
    await fleet.manifest('shop', { enrolled: false, reason: 'retired' });
    expect((await told()).code).toBe(1);
    const found = await samples();
    expect(found.get('reconciler_enrolled_recipes')).toBe(0);
    expect(found.get(EXIT_CODE)).toBe(1);
    expect(found.get(passes('failed'))).toBe(1);
    expect(found.get(COMPLETED)).toBe(before.get(COMPLETED));
  });

  it('without any result leaves what was known of the recipes, and says that it failed', async () => {
    await fleet.recipe('shop', V1);
    await told();
    const before = await samples();
    const unusable = join(fleet.folder, 'not-a-folder');
    await writeFile(unusable, '');
    expect((await told('--state', join(unusable, 'state'))).code).toBe(1);
    const expected = new Map(before).set(EXIT_CODE, 1).set(passes('failed'), 1);
    expect(Object.fromEntries(await samples())).toEqual(Object.fromEntries(expected));
  });

  it('leaves the file to whoever holds the lease', async () => {
    await addSlowRecipe(fleet);
    const running = await passInTheMiddle(fleet, ['--metrics-file', file]);
    const refused = await told();
    expect(refused.json?.error).toMatch(/lease is held/);
    expect(await readdir(folder)).toEqual([]);
    await cancel(fleet);
    await running.done;
    const found = await samples();
    expect(found.get(passes('failed'))).toBe(0);
    expect(found.get(trials('slow', 'interrupted'))).toBe(1);
  });

  it("since its lease was lost tells nothing: the file is its successor's", async () => {
    await addSlowRecipe(fleet);
    const impatient = { env: { RECONCILE_LEASE_TTL: '300ms' } };
    const running = fleet.start(['--once', '--json', '--metrics-file', file], impatient);
    while ((await fleet.starts()).length === 0) await sleep(20);
    const own = join(fleet.state, '.reconcile');
    const [term = ''] = await readdir(join(own, 'terms'));
    await rename(join(own, 'terms', term), join(own, 'ended', term));
    expect((await running.done).code).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('that was stopped in the middle has told what was found by then', async () => {
    await addSlowRecipe(fleet);
    const running = await passInTheMiddle(fleet, ['--metrics-file', file]);
    process.kill(running.pid, 'SIGTERM');
    await running.done;
    expect((await samples()).get(trials('slow', 'interrupted'))).toBe(1);
    expect((await samples()).get(drift('slow'))).toBe(1);
    await expectInvariants(fleet);
  });
});

describe('a file that cannot be, or must not be written', () => {
  const nothingDone = async (outcome: Outcome, why: RegExp): Promise<void> => {
    expect(outcome.code).toBe(1);
    expect(outcome.json?.error).toMatch(why);
    expect(await fleet.starts()).toEqual([]);
    expect(await readdir(fleet.state)).toEqual([]);
  };

  beforeEach(async () => {
    await fleet.recipe('shop', V1);
  });

  it('is refused before anything is done: a name that the collector would not read', async () => {
    file = join(folder, 'reconciler.txt');
    await nothingDone(await told(), /expected a name that ends in \.prom/);
  });

  it('is refused before anything is done: one that somebody else wrote', async () => {
    await writeFile(file, 'node_load1 0.5\n');
    await nothingDone(await told(), /was not written by this program/);
    expect(await readFile(file, 'utf8')).toBe('node_load1 0.5\n');
  });

  it.each([
    ['in no folder', () => rm(folder, { recursive: true }), /could not write the metrics/],
    ['a folder', () => mkdir(file), /could not read what/],
    ['a link to a folder', () => symlink(folder, file), /could not read what/],
  ])('is refused before anything is done: %s', async (_, make, why) => {
    await make();
    await nothingDone(await told(), why);
  });

  it('makes a pass fail that went well, whose result is stored and said all the same', async () => {
    await mkdir(`${file}.unfinished`);
    const outcome = await told();
    expect(outcome.code).toBe(1);
    expect(outcome.json).toMatchObject({
      error: expect.stringMatching(/could not write the metrics to .*reconciler\.prom/),
      recipes: [{ recipe: 'shop', decision: 'in-sync' }],
    });
    expect((await fleet.reconcile(['status'])).code).toBe(0);
    await expectInvariants(fleet);
  });

  it('is begun anew where it is empty, and what a kill left beside it goes', async () => {
    await writeFile(file, '');
    await writeFile(`${file}.unfinished`, 'reconciler_');
    expect((await told()).code).toBe(0);
    expect((await samples()).get(passes('in-sync'))).toBe(1);
    expect(await readdir(folder)).toEqual(['reconciler.prom']);
    await expectInvariants(fleet);
  });
});
