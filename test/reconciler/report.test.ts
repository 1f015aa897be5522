import { describe, expect, it } from 'vitest';
import { decide } from '../../src/reconciler/decide.ts';
import { exitCodeOf } from '../../src/reconciler/exit-code.ts';
import { explain } from '../../src/reconciler/explain.ts';
import { goesAfter, planReport, type Look } from '../../src/reconciler/look.ts';
import { rowOf } from '../../src/reconciler/report.ts';
import { rememberDecision } from '../../src/reconciler/remember.ts';
import { readable, type RecipeView } from '../../src/reconciler/view.ts';
import {
  config,
  context,
  DAY,
  fleet,
  generation,
  manifest,
  memory,
  NOW,
  record,
  tag,
  trial,
  view,
} from './world.ts';

const V1 = '1.0.0+1.0';
const rowWith = (decision: string, drift: string | null = null, acted = false) => ({
  decision,
  drift,
  acted,
  mirror: null as { due: boolean } | null,
});
const quiet = rowWith('in-sync');

describe('the exit code, the first that applies', () => {
  it.each<[string, 'Plan' | 'Pass', ReturnType<typeof rowWith>[], number]>([
    ['something is unknown, whatever else', 'Plan', [rowWith('unknown'), rowWith('seed', 'seed')], 4],
    ['a plan has something to act on', 'Plan', [rowWith('held', 'seed'), rowWith('advance', 'advance')], 2],
    ['a pass acted and it is still not in sync', 'Pass', [rowWith('held', 'advance', true), quiet], 2],
    ['a pass was stopped before it acted', 'Pass', [rowWith('seed', 'seed')], 2],
    ['a mirror differs', 'Plan', [{ ...quiet, mirror: { due: true } }, rowWith('held')], 2],
    ['a mirror could not be synced', 'Pass', [{ ...quiet, mirror: { due: true } }], 2],
    ['a mirror is equal', 'Pass', [{ ...quiet, mirror: { due: false } }], 0],
    ['something is held', 'Pass', [rowWith('held', 'advance'), quiet], 3],
    ['something is held without drift', 'Plan', [rowWith('held'), quiet], 3],
    ['something is blocked', 'Plan', [rowWith('blocked', 'seed')], 3],
    ['something is suspended while drifted', 'Plan', [rowWith('suspended', 'seed')], 3],
    ['something is suspended without drift', 'Plan', [rowWith('suspended')], 0],
    ['a pass acted and all is in sync', 'Pass', [rowWith('in-sync', null, true)], 0],
    [
      'never released and not enrolled are as they should be',
      'Plan',
      [rowWith('never-released'), rowWith('not-enrolled')],
      0,
    ],
  ])('%s', (_, kind, rows, code) => {
    expect(exitCodeOf(rows, kind)).toBe(code);
  });
});

function looked(...views: RecipeView[]): Look {
  const found = fleet(views);
  const manifests = views.flatMap((each) => each.manifest ?? []);
  return {
    fleet: { manifests, invalid: [], config: found.config, configFile: null, problems: [], memory: null },
    orphans: { readable: true, value: [] },
    view: { ...found, recipes: new Map(views.map((each) => [each.recipe, each])), settled: new Map() },
    now: NOW,
    uptime: { bootId: 'boot', ms: DAY },
    scope: views.map((each) => each.recipe),
    decisions: new Map(views.map((each) => [each.recipe, decide(each, found, context())])),
    error: null,
  };
}

const depending = (name: string, ...on: string[]) =>
  view({
    manifest: manifest({ name, dependsOn: on.map((each) => ({ name: each, provide: [] })) }),
    tags: [tag(V1)],
  });
const settled = (name: string) =>
  view({
    manifest: manifest({ name }),
    record: record(V1, 1, { recipe: name }),
    generations: [generation(1, V1, { recipe: name })],
    tags: [tag(V1)],
  });

describe('the row of a recipe', () => {
  it('says what there is to know of the trial that it acted with, and only of that', () => {
    const each = settled('app');
    const decision = decide(each, fleet([each]), context());
    const acted = { trial: trial({ notes: ['only the inside was judged'] }) };
    const row = (how: Parameters<typeof rowOf>[2]['acted']) =>
      rowOf(decision, each, { after: [], acted: how, notes: ['a note'], now: NOW });
    expect(row(acted).notes).toEqual(['a note', 'only the inside was judged']);
    expect(row(null).notes).toEqual(['a note']);
  });
});

describe('a plan', () => {
  it('says after which dependencies a recipe comes: those that the same pass serves', () => {
    const found = looked(depending('app', 'web', 'db'), depending('web'), settled('db'));
    expect(goesAfter('app', found)).toEqual(['web']);
    expect(goesAfter('web', found)).toEqual([]);
    expect(planReport(found, context().program)).toMatchObject({
      kind: 'Plan',
      exitCode: 2,
      summary: { blocked: 1, seed: 1, 'in-sync': 1 },
      recipes: [{ recipe: 'app', after: ['web'] }, { recipe: 'db' }, { recipe: 'web' }],
    });
  });

  it('comes after what its dependencies need too, whatever lies between', () => {
    const between = {
      ...settled('web'),
      manifest: manifest({ name: 'web', dependsOn: [{ name: 'db', provide: [] }] }),
    };
    const found = looked(depending('app', 'web'), between, depending('db'));
    expect(goesAfter('app', found)).toEqual(['db']);
  });

  it('does not wait for a dependency that nothing will be done about', () => {
    const held = view({
      manifest: manifest({ name: 'web', suspend: { reason: 'x', by: null, until: null } }),
      tags: [tag(V1)],
    });
    expect(goesAfter('app', looked(depending('app', 'web'), held))).toEqual([]);
  });

  it('shows a suspension that is in force wherever the recipe is, also in sync', () => {
    const suspend = { reason: 'migrating', by: 'ann', until: null };
    const calm = { ...settled('db'), manifest: manifest({ name: 'db', suspend }) };
    expect(planReport(looked(calm), context().program).recipes[0]).toMatchObject({
      decision: 'in-sync',
      suspended: suspend,
    });
  });
});

describe('a report', () => {
  it('has the freeze of the fleet, in force or not, and null where there is none', () => {
    const freeze = { reason: 'audit', by: 'ann', until: new Date(0).toISOString() };
    const found = looked(settled('app'));
    const frozen = { ...found, view: { ...found.view, config: readable(config({ freeze })) } };
    expect(planReport(frozen, context().program).freeze).toEqual(freeze);
    expect(planReport(found, context().program).freeze).toBeNull();
  });
});

describe('a row', () => {
  const rowOfApp = (sketch: Parameters<typeof view>[0], over: Partial<RecipeView> = {}) =>
    planReport(looked({ ...view({ tags: [tag(V1)], ...sketch }), ...over }), context().program).recipes[0];

  it('says when a suspension ended by itself for as long as its manifest names it', () => {
    const until = new Date(NOW.getTime() - 1).toISOString();
    const suspend = { reason: 'migrating', by: 'ann', until };
    expect(rowOfApp({ manifest: manifest({ suspend }) })).toMatchObject({
      suspended: null,
      suspensionEnded: until,
    });
    const inForce = { ...suspend, until: new Date(NOW.getTime() + 1).toISOString() };
    expect(rowOfApp({ manifest: manifest({ suspend: inForce }) })).toMatchObject({
      suspended: inForce,
      suspensionEnded: null,
    });
  });

  it('says when the canonical was promoted, how much of it is damaged, and what the last trial found', () => {
    const lastVerdict = { trial: 'one', verdict: 'red' as const, at: NOW.toISOString() };
    const damage = [{ kind: 'missing' as const, what: 'volume data' }];
    const known = { record: record(V1, 1), memory: memory({ lastVerdict }) };
    expect(rowOfApp({ ...known, generations: [generation(1, V1, { damage })] })).toMatchObject({
      promotedAt: '2026-06-17T06:55:32.000Z',
      damage: 1,
      lastVerdict,
    });
  });

  it('claims nothing of what could not be read', () => {
    const why = { readable: false, why: 'refused' } as const;
    expect(rowOfApp({}, { record: why, memory: why, generations: why })).toMatchObject({
      promotedAt: null,
      damage: 0,
      lastVerdict: null,
      driftSince: null,
    });
  });
});

const ALONE = { onTrial: null, freeze: null };

describe('the first line of an explanation', () => {
  it.each<[string, RecipeView, RegExp]>([
    ['in sync', settled('app'), /^Nothing is happening because nothing has to/],
    ['acting', depending('app'), /^The next pass will seed app/],
    ['blocked', depending('app', 'db'), /dependency is not ready.*db/],
    ['never released', view(), /no release to test/],
    [
      'not enrolled',
      view({ manifest: manifest({ enrolled: false, reason: 'retired' }) }),
      /not enrolled: retired/,
    ],
    [
      'suspended',
      view({
        manifest: manifest({ suspend: { reason: 'migrating', by: null, until: '2027-01-01T00:00:00Z' } }),
        tags: [tag(V1)],
      }),
      /suspended \(it would seed\): migrating.*goes on at 2027-01-01/,
    ],
    [
      'unknown',
      { ...settled('app'), refs: { readable: false, why: 'refused' } },
      /could not be read \(upstream-unreachable\).*refused/,
    ],
    [
      'held',
      view({ ...{ record: record(V1, 1), generations: [generation(1, V1)] }, tags: [tag('0.1.0+1')] }),
      /held \(release-withdrawn\)/,
    ],
  ])('says what a person wants to know: %s', (_, one, answer) => {
    expect(explain('app', looked(one), ALONE)?.answer).toMatch(answer);
  });

  it('comes with the rule under which the next time stands, and the last trial', () => {
    const drifted = depending('app');
    const inputs = decide(drifted, fleet([drifted]), context()).plan?.inputs ?? '';
    const red = trial({ inputs });
    const found = explain('app', looked({ ...drifted, trials: { readable: true, value: [red] } }), ALONE);
    expect(found?.rule).toContain('spec.retry');
    expect(found?.lastTrial?.id).toBe(red.id);
    expect(explain('nobody', looked(drifted), ALONE)).toBeNull();
  });

  it('lists the tags that are ignored, each with the rule', () => {
    const one = view({ tags: [tag(V1), tag('latest')], memory: memory() });
    expect(explain('app', looked(one), ALONE)?.upstream.ignored).toEqual([
      { tag: 'latest', rule: 'no "+" between recipe version and app version' },
    ]);
  });
});

describe('an explanation', () => {
  const running = trial({
    verdict: null,
    endedAt: null,
    steps: [
      {
        name: 'install',
        startedAt: NOW.toISOString(),
        endedAt: null,
        ok: null,
        message: null,
        log: 'install.log',
      },
    ],
  });
  const { id, version, startedAt } = running;

  it.each<[string, RecipeView]>([
    ['acting', depending('app')],
    ['in sync', settled('app')],
    ['held', view({ record: record(V1, 1), generations: [generation(1, V1)], tags: [tag('0.1.0+1')] })],
  ])('says that a trial runs now, since when and at which step, while it is decided: %s', (_, one) => {
    const found = explain('app', looked(one), { ...ALONE, onTrial: running });
    expect(found?.answer).toMatch(
      `A trial of app runs now: ${id} of ${version}, since ${startedAt}, at step install: `,
    );
    expect(found?.answer).not.toContain('The next pass');
    expect(found?.running).toEqual({ trial: id, version, startedAt, step: 'install' });
    expect(found?.conditions[1]).toMatchObject({ type: 'Reconciling', status: 'True', reason: 'on-trial' });
  });

  it('has the conditions as they are now, with the times of those that are remembered and still so', () => {
    const one = settled('app');
    const long = rememberDecision(memory(), decide(one, fleet([one]), context()), new Date(0));
    const [ready] = explain('app', looked({ ...one, memory: readable(long) }), ALONE)?.conditions ?? [];
    expect(ready).toMatchObject({
      type: 'Ready',
      status: 'True',
      lastTransitionTime: new Date(0).toISOString(),
    });
    const drifted = { ...depending('app'), memory: readable(long) };
    const [notReady] = explain('app', looked(drifted), ALONE)?.conditions ?? [];
    expect(notReady).toMatchObject({ status: 'False', lastTransitionTime: NOW.toISOString() });
  });

  it('has the suspension and the freeze, in force or ended, also of a recipe in sync', () => {
    const suspend = { reason: 'migrating', by: 'ann', until: null };
    const freeze = { reason: 'audit', by: null, until: new Date(NOW.getTime() - 1).toISOString() };
    const calm = { ...settled('app'), manifest: manifest({ suspend }) };
    expect(explain('app', looked(calm), { ...ALONE, freeze })).toMatchObject({
      decision: { decision: 'in-sync' },
      suspension: { ...suspend, inForce: true },
      freeze: { ...freeze, inForce: false },
    });
    expect(explain('app', looked(settled('app')), ALONE)).toMatchObject({ suspension: null, freeze: null });
  });
});
