/** What is shown of a pass, and what of earlier ones goes. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SERIES } from '../../src/metrics/series.ts';
import { Metrics, type EndedPass } from '../../src/metrics/metrics.ts';
import { samplesIn, type Samples } from '../../src/metrics/exposition.ts';
import type { Fleet, TrialRecord } from '../../src/reconciler/model.ts';
import { readable } from '../../src/reconciler/view.ts';
import { config, NOW, trial } from '../reconciler/world.ts';

const AT = NOW.toISOString();
const AT_SECONDS = NOW.getTime() / 1000;
const program = { version: '1.0.0', commit: 'c0ffee' };
type Row = EndedPass['report']['recipes'][number];

function row(over: Partial<Row> = {}): Row {
  return {
    recipe: 'shop',
    decision: 'in-sync',
    drift: null,
    reason: 'up-to-date',
    acted: false,
    latest: { version: '1.0.0+1.0', commit: 'abc' },
    canonical: { version: '1.0.0+1.0', commit: 'abc', generation: 3 },
    mirror: null,
    suspended: null,
    suspensionEnded: null,
    driftSince: null,
    promotedAt: AT,
    lastVerdict: null,
    damage: 0,
    allocatedBytes: 4096,
    leftovers: [],
    ...over,
  };
}

function fleetWith(over: Partial<Fleet> = {}): Fleet {
  const none = { manifests: [], invalid: [], configFile: null, memory: null, problems: [] };
  return { ...none, config: readable(config()), ...over };
}

function passOf(recipes: readonly Row[], over: Partial<EndedPass> = {}): EndedPass {
  const disk = { allocatedBytes: 8192, budgetBytes: null };
  return {
    report: { observedAt: AT, exitCode: 0, disk, recipes },
    whole: true,
    others: [],
    fleet: fleetWith(),
    enrolled: recipes.map(({ recipe }) => recipe),
    unread: {},
    strays: readable([]),
    ...over,
  };
}

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics(program);
});

const shown = async (): Promise<Samples> => samplesIn(await metrics.text());

const namesWith = async (word: string): Promise<string[]> =>
  [...(await shown()).keys()].filter((key) => key.includes(word));

describe('before anything happened', () => {
  it('every series is declared, and those whose labels are known exist with 0', async () => {
    const text = await metrics.text();
    for (const name of Object.keys(SERIES)) expect(text).toContain(`# TYPE ${name} `);
    const samples = await shown();
    expect(samples.get('reconciler_build_info{version="1.0.0",commit="c0ffee"}')).toBe(1);
    const others = [...samples].filter(([key]) => !key.startsWith('reconciler_build_info'));
    expect(others.filter(([, value]) => value !== 0)).toEqual([]);
    expect([...samples.keys()]).toEqual(
      expect.arrayContaining([
        'reconciler_passes_total{result="unknown"}',
        'reconciler_leftovers{kind="generation"}',
        'reconciler_trial_step_duration_seconds_count{step="promote"}',
        'workqueue_depth{name="recipes"}',
        'reconciler_webhooks_total{result="bad-signature"}',
      ]),
    );
  });
});

describe('a pass', () => {
  it('shows what is decided now, and nothing of what was decided before', async () => {
    metrics.passEnded(
      passOf([
        row({
          decision: 'held',
          reason: 'failed-same-inputs',
          drift: 'advance',
          driftSince: AT,
          lastVerdict: { verdict: 'red' },
        }),
      ]),
    );
    const before = await shown();
    expect(before.get('reconciler_recipe_drift{recipe="shop"}')).toBe(1);
    expect(before.get('reconciler_recipe_drift_since_timestamp_seconds{recipe="shop"}')).toBe(AT_SECONDS);
    metrics.passEnded(
      passOf([
        row({
          canonical: { version: '2.0.0+2', commit: 'def', generation: 4 },
          lastVerdict: { verdict: 'green' },
        }),
      ]),
    );
    expect((await shown()).get('reconciler_recipe_drift{recipe="shop"}')).toBe(0);
    expect((await shown()).get('reconciler_recipe_drift_since_timestamp_seconds{recipe="shop"}')).toBe(0);
    expect(await namesWith('recipe_state')).toEqual([
      'reconciler_recipe_state{recipe="shop",decision="in-sync",reason="up-to-date"}',
    ]);
    expect(await namesWith('canonical_info')).toEqual([
      'reconciler_recipe_canonical_info{recipe="shop",version="2.0.0+2",commit="def",generation="4"}',
    ]);
    expect(await namesWith('last_verdict')).toEqual([
      'reconciler_recipe_last_verdict{recipe="shop",verdict="green"}',
    ]);
  });

  it('takes a recipe that is gone with everything that names it', async () => {
    metrics.passEnded(passOf([row(), row({ recipe: 'blog' })]));
    expect((await namesWith('"blog"')).length).toBeGreaterThan(15);
    metrics.passEnded(passOf([row()]));
    expect(await namesWith('"blog"')).toEqual([]);
  });

  it('over some recipes leaves the others as they were last seen, and the last whole pass too', async () => {
    metrics.passEnded(passOf([row()]));
    const later = new Date(NOW.getTime() + 60_000).toISOString();
    const part = passOf([row({ recipe: 'blog' })], { whole: false, others: [row()] });
    metrics.passEnded({ ...part, report: { ...part.report, observedAt: later, exitCode: 1 } });
    const samples = await shown();
    expect(samples.get('reconciler_warm_volume_bytes{recipe="shop"}')).toBe(4096);
    expect(samples.get('reconciler_reconcile_total{result="in-sync"}')).toBe(2);
    expect(samples.get('reconciler_pass_last_completed_timestamp_seconds')).toBe(AT_SECONDS);
    expect(samples.get('reconciler_pass_last_exit_code')).toBe(0);
    expect(samples.get('reconciler_passes_total{result="failed"}')).toBe(1);
  });

  it('in which nothing could be evaluated was not completed', async () => {
    const nothing = passOf([]);
    metrics.passEnded({ ...nothing, report: { ...nothing.report, exitCode: 1, error: 'nothing enrolled' } });
    const samples = await shown();
    expect(samples.get('reconciler_pass_last_completed_timestamp_seconds')).toBe(0);
    expect(samples.get('reconciler_pass_last_exit_code')).toBe(1);
    expect(samples.get('reconciler_enrolled_recipes')).toBe(0);
  });

  it.each([
    [0, 'in-sync'],
    [1, 'failed'],
    [2, 'drift'],
    [3, 'waiting'],
    [4, 'unknown'],
  ])('is counted by what its exit code %i means: %s', async (exitCode, result) => {
    const pass = passOf([]);
    metrics.passEnded({ ...pass, report: { ...pass.report, exitCode } });
    expect((await shown()).get(`reconciler_passes_total{result="${result}"}`)).toBe(1);
  });

  it('counts each of its recipes by what it came to', async () => {
    const held = row({ recipe: 'blog', decision: 'held', drift: 'seed' });
    metrics.passEnded(passOf([row(), held, row({ recipe: 'wiki', decision: 'unknown' })]));
    const samples = await shown();
    for (const result of ['in-sync', 'waiting', 'unknown'])
      expect(samples.get(`reconciler_reconcile_total{result="${result}"}`)).toBe(1);
  });

  it('counts what could not be read, and lists files that something is wrong with until they are mended', async () => {
    const problems = [1, 2].map((line) => ({ file: 'shop.yaml', line, column: 1, message: 'no' }));
    const fleet = fleetWith({ problems, config: { readable: false, why: 'no' } });
    metrics.passEnded(passOf([row()], { fleet, unread: { upstream: 2, manifests: 1 } }));
    const samples = await shown();
    expect(samples.get('reconciler_observe_failures_total{source="upstream"}')).toBe(2);
    expect(samples.get('reconciler_observe_failures_total{source="manifests"}')).toBe(1);
    expect(await namesWith('manifest_invalid')).toEqual(['reconciler_manifest_invalid{file="shop.yaml"}']);
    metrics.passEnded(passOf([row()]));
    expect(await namesWith('manifest_invalid')).toEqual([]);
  });

  it('shows suspensions and a freeze, in force or ended and still written down', async () => {
    const until = new Date(NOW.getTime() + 1000).toISOString();
    const rows = [
      row({ suspended: { until } }),
      row({ recipe: 'blog', suspended: { until: null } }),
      row({ recipe: 'wiki', suspensionEnded: AT }),
    ];
    const freeze = { reason: 'moving house', by: null, until };
    metrics.passEnded(passOf(rows, { fleet: fleetWith({ config: readable(config({ freeze })) }) }));
    const samples = await shown();
    const of = (name: string) =>
      ['shop', 'blog', 'wiki'].map((recipe) => samples.get(`${name}{recipe="${recipe}"}`));
    expect(of('reconciler_recipe_suspended')).toEqual([1, 1, 0]);
    expect(of('reconciler_suspended_until_timestamp_seconds')).toEqual([AT_SECONDS + 1, 0, AT_SECONDS]);
    expect(samples.get('reconciler_frozen')).toBe(1);
    expect(samples.get('reconciler_frozen_until_timestamp_seconds')).toBe(AT_SECONDS + 1);
    const ended = { ...freeze, until: AT };
    metrics.passEnded(passOf(rows, { fleet: fleetWith({ config: readable(config({ freeze: ended })) }) }));
    expect((await shown()).get('reconciler_frozen')).toBe(0);
    expect((await shown()).get('reconciler_frozen_until_timestamp_seconds')).toBe(AT_SECONDS);
  });

  it('shows a mirror as failing until it was equal again, and counts each sync that failed', async () => {
    const failing = row({ mirror: { state: 'failing', failingSince: AT, due: true } });
    const still = row({ mirror: { state: 'differs', failingSince: AT, due: true } });
    const equal = row({ mirror: { state: 'equal', failingSince: null, due: false } });
    const shownFor = async (one: Row): Promise<(number | undefined)[]> => {
      metrics.passEnded(passOf([one]));
      const samples = await shown();
      return ['reconciler_mirror_failing', 'reconciler_mirror_sync_failures_total'].map((name) =>
        samples.get(`${name}{recipe="shop"}`),
      );
    };
    expect(await shownFor(failing)).toEqual([1, 1]);
    expect(await shownFor(failing)).toEqual([1, 2]);
    expect(await shownFor(still)).toEqual([1, 2]);
    expect(await shownFor(equal)).toEqual([0, 2]);
  });

  it('shows damage, disk and leftovers, those of no recipe included', async () => {
    const generation = { kind: 'generation' };
    const term = {
      recipe: null,
      kind: 'term',
      where: '.reconcile/ended/x',
      ours: true,
      why: '',
      bytes: 1,
    } as const;
    const pass = passOf([row({ damage: 2, leftovers: [generation, generation] })], {
      strays: readable([term]),
    });
    metrics.passEnded({
      ...pass,
      report: { ...pass.report, disk: { allocatedBytes: 10, budgetBytes: 100 } },
    });
    const samples = await shown();
    expect(samples.get('reconciler_recipe_damage{recipe="shop"}')).toBe(2);
    expect(samples.get('reconciler_leftovers{kind="generation"}')).toBe(2);
    expect(samples.get('reconciler_leftovers{kind="term"}')).toBe(1);
    expect(samples.get('reconciler_disk_allocated_bytes')).toBe(10);
    expect(samples.get('reconciler_disk_budget_bytes')).toBe(100);
  });
});

describe('a trial', () => {
  const step = (name: 'sync' | 'install', ok: boolean): TrialRecord['steps'][number] => ({
    name,
    startedAt: AT,
    endedAt: new Date(NOW.getTime() + 2000).toISOString(),
    ok,
    message: null,
    log: `${name}.log`,
  });

  it('is counted once, by its verdict, and each of its steps by how long it took', async () => {
    const record = trial({
      recipe: 'shop',
      verdict: 'red',
      steps: [step('sync', true), step('install', false)],
    });
    const about = { recipe: 'shop', trial: record };
    metrics.trialEvent({ ...about, type: 'trial-started', step: null });
    for (const name of ['sync', 'install'] as const) {
      metrics.trialEvent({ ...about, type: 'step-started', step: name });
      metrics.trialEvent({ ...about, type: 'step-ended', step: name });
    }
    metrics.trialEvent({ ...about, type: 'trial-ended', step: null });
    metrics.passEnded(passOf([row()]));
    const samples = await shown();
    expect(samples.get('reconciler_trials_total{recipe="shop",verdict="red"}')).toBe(1);
    expect(samples.get('reconciler_trials_total{recipe="shop",verdict="green"}')).toBe(0);
    expect(samples.get('reconciler_trial_step_duration_seconds_sum{step="install"}')).toBe(2);
    expect(samples.get('reconciler_trial_step_duration_seconds_count{step="sync"}')).toBe(1);
    expect(samples.get('reconciler_reconcile_duration_seconds_count')).toBe(1);
  });
});

describe('a loop', () => {
  it('tells of its lease, its queue and its webhooks', async () => {
    metrics.leads(true);
    metrics.webhook('bad-signature');
    const queue = metrics.queues.trials;
    queue.added();
    queue.retried();
    queue.waited(1500);
    queue.worked(2500);
    queue.depth(7);
    metrics.longestRunning('trials', 90_000);
    const samples = await shown();
    expect(samples.get('reconciler_leader')).toBe(1);
    expect(samples.get('reconciler_webhooks_total{result="bad-signature"}')).toBe(1);
    expect([...samples].filter(([key]) => /^workqueue_(?!.*_bucket).*"trials"/.test(key))).toEqual([
      ['workqueue_depth{name="trials"}', 7],
      ['workqueue_adds_total{name="trials"}', 1],
      ['workqueue_queue_duration_seconds_sum{name="trials"}', 1.5],
      ['workqueue_queue_duration_seconds_count{name="trials"}', 1],
      ['workqueue_work_duration_seconds_sum{name="trials"}', 2.5],
      ['workqueue_work_duration_seconds_count{name="trials"}', 1],
      ['workqueue_retries_total{name="trials"}', 1],
      ['workqueue_longest_running_processor_seconds{name="trials"}', 90],
    ]);
  });

  it('tells of its process where it is asked to', async () => {
    expect(await metrics.text()).not.toMatch(/process_|nodejs_/);
    metrics.watchProcess();
    const text = await metrics.text();
    expect(samplesIn(text).get('process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(samplesIn(text).get('process_open_fds')).toBeGreaterThan(0);
    expect(text).not.toContain('nodejs_active_handles_total');
  });

  it('has series of its own: two in one process share nothing', async () => {
    const other = new Metrics(program);
    metrics.webhook('accepted');
    expect(samplesIn(await other.text()).get('reconciler_webhooks_total{result="accepted"}')).toBe(0);
    expect(metrics.contentType).toContain('text/plain');
  });
});
