import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/reconciler/decide.ts';
import type {
  Acceptance,
  DamagedTrial,
  FleetConfig,
  Holding,
  Reading,
  Reason,
  TrialRecord,
  Verdict,
} from '../../src/reconciler/model.ts';
import { readable, unreadable, type FleetView, type RecipeView } from '../../src/reconciler/view.ts';
import {
  carryOut,
  commitOf,
  config,
  context,
  DAY,
  fleet,
  generation,
  HOUR,
  manifest,
  memory,
  NOW,
  record,
  tag,
  trial,
  view,
  type Sketch,
} from './world.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const V3 = '2.0.0+2.0';
const seen = (version: string, commit = commitOf(version)) => ({
  [version]: [{ commit, at: new Date(NOW.getTime() - DAY).toISOString(), uptime: null }],
});
const warm = { record: record(V1, 1), generations: [generation(1, V1)], tags: [tag(V1)] };

function decided(
  sketch: Sketch,
  over: Partial<FleetView> & { settings?: Partial<FleetConfig> } = {},
  now = NOW,
) {
  const one = view(sketch);
  return decide(one, fleet([one], over), context({ now }));
}

function broken(over: Partial<RecipeView>, fleetOver: Partial<FleetView> = {}) {
  const one = { ...view(warm), ...over };
  return decide(one, fleet([one], fleetOver), context());
}

describe('the decision table, from the top', () => {
  const rows: [string, Sketch, string, Reason][] = [
    [
      '1: a manifest that says enrolled: false',
      { ...warm, manifest: manifest({ enrolled: false, reason: 'retired' }) },
      'not-enrolled',
      'not-enrolled',
    ],
    [
      '1: a record without a manifest, and without any other recipe’s: the folder may be unmounted',
      { ...warm, manifest: null },
      'unknown',
      'manifest-invalid',
    ],
    [
      '2: a record exists and upstream shows no tags at all',
      { ...warm, tags: [] },
      'unknown',
      'tags-vanished',
    ],
    ['3: no canonical and no tags', {}, 'never-released', 'no-release-tag'],
    [
      '3: no canonical, and tags that are no releases',
      { tags: [tag('latest'), tag('v1.0')] },
      'never-released',
      'no-release-tag',
    ],
    [
      '4: the record was made by another driver',
      { ...warm, record: record(V1, 1, { driver: 'swarm' }) },
      'held',
      'driver-changed',
    ],
    [
      "5: the canonical's tag has another commit than the record, which was seen under it",
      { ...warm, tags: [tag(V1, commitOf('moved'))], memory: memory({ firstSeen: seen(V1) }) },
      'held',
      'tag-moved',
    ],
    [
      "5: the canonical's tag never had the commit that the record names",
      {
        ...warm,
        tags: [tag(V1, commitOf('other'))],
        memory: memory({ firstSeen: seen(V1, commitOf('other')) }),
      },
      'held',
      'record-mismatch',
    ],
    [
      '5: a moved tag holds even where a newer release exists',
      { ...warm, tags: [tag(V1, commitOf('moved')), tag(V2)], memory: memory({ firstSeen: seen(V1) }) },
      'held',
      'tag-moved',
    ],
    [
      "6: the canonical's tag is gone and nothing newer exists",
      { record: record(V2, 1), generations: [generation(1, V2)], tags: [tag(V1)] },
      'held',
      'release-withdrawn',
    ],
    [
      "6: the canonical's tag is gone and no release is left",
      { ...warm, tags: [tag('latest')] },
      'held',
      'release-withdrawn',
    ],
    [
      "7: the manifest no longer allows the canonical's release",
      {
        record: record(V2, 1),
        generations: [generation(1, V2)],
        tags: [tag(V1), tag(V2)],
        manifest: manifest({ release: { ignore: [V2], prerelease: false, minAgeMs: 0 } }),
      },
      'held',
      'canonical-not-allowed',
    ],
    ['8: no canonical, and a release', { tags: [tag(V1)] }, 'seed', 'no-canonical'],
    ['9: a newer release', { ...warm, tags: [tag(V1), tag(V2)] }, 'advance', 'newer-release'],
    [
      "9: a newer release, the canonical's own tag being gone",
      { ...warm, tags: [tag(V2)] },
      'advance',
      'newer-release',
    ],
    [
      '9: a newer release, the canonical being damaged',
      {
        ...warm,
        tags: [tag(V1), tag(V2)],
        generations: [generation(1, V1, { damage: [{ kind: 'missing', what: 'volume data' }] })],
      },
      'advance',
      'newer-release',
    ],
    [
      '10: a rebuild was requested',
      { ...warm, memory: memory({ rebuild: { generation: 1, at: NOW.toISOString() } }) },
      'repair',
      'rebuild-requested',
    ],
    [
      '10: a warm volume is missing',
      { ...warm, generations: [generation(1, V1, { damage: [{ kind: 'missing', what: 'volume data' }] })] },
      'repair',
      'volume-missing',
    ],
    [
      '10: a warm volume changed',
      { ...warm, generations: [generation(1, V1, { damage: [{ kind: 'changed', what: 'volume data' }] })] },
      'repair',
      'volume-changed',
    ],
    ['11: the canonical is the newest release', warm, 'in-sync', 'up-to-date'],
    [
      '11: a record with only the five old fields, at the newest release',
      { record: record(V1, null), tags: [tag(V1)] },
      'in-sync',
      'up-to-date',
    ],
    [
      '11: a rebuild that was requested for an earlier generation is done',
      { ...warm, memory: memory({ rebuild: { generation: 7, at: NOW.toISOString() } }) },
      'in-sync',
      'up-to-date',
    ],
  ];

  it.each(rows)('%s', (_, sketch, decision, reason) => {
    expect(decided(sketch)).toMatchObject({ decision, reason });
  });

  it.each<[string, Partial<RecipeView>, Partial<FleetView>, Reason]>([
    [
      'its manifest is invalid',
      {
        manifest: null,
        invalid: {
          name: 'app',
          file: 'app.yaml',
          problems: [{ file: 'app.yaml', line: 3, column: 5, message: 'bad' }],
        },
      },
      {},
      'manifest-invalid',
    ],
    ['the Reconciler document is invalid', {}, { config: unreadable('two of them') }, 'config-invalid'],
    ['upstream cannot be asked', { refs: unreadable('refused') }, {}, 'upstream-unreachable'],
    ['the record cannot be read', { record: unreadable('truncated') }, {}, 'record-unreadable'],
    ['what is remembered cannot be read', { memory: unreadable('truncated') }, {}, 'record-unreadable'],
    ['its trials cannot be read', { trials: unreadable('no permission') }, {}, 'record-unreadable'],
    ['its volumes cannot be read', { generations: unreadable('no permission') }, {}, 'volumes-unreadable'],
    ['what is left of it cannot be read', { adoptable: unreadable('no engine') }, {}, 'volumes-unreadable'],
    ['the driver cannot be reached', {}, { driver: unreadable('no engine') }, 'driver-unreachable'],
  ])('2: unknown where %s', (_, over, fleetOver, reason) => {
    expect(broken(over, fleetOver)).toMatchObject({ decision: 'unknown', reason, drift: null, plan: null });
  });

  const none = readable(null);
  const holding = (...places: string[]): Reading<Holding[]> =>
    readable(places.map((place) => ({ where: `app/${place}`, what: '', ours: true, bytes: 1 })));

  it.each<[string, Partial<RecipeView>, string]>([
    ['a record', {}, `its canonical ${V1} is kept`],
    ['what is stored', { record: none }, 'all that is stored of it stays until "reconcile forget app"'],
    ['a memory', { record: none, holdings: holding('status.json') }, '(what is remembered of it) stays'],
    [
      'a mirror and trials',
      { record: none, holdings: holding('status.json', 'mirror.git', 'trials/1', 'trials/2') },
      '(its mirror and 2 trials) stays',
    ],
    ['a trial', { record: none, holdings: holding('trials/1') }, '(1 trial) stays'],
    [
      'a record that cannot be read',
      { record: unreadable('truncated') },
      'cannot be read (truncated), is kept',
    ],
  ])('takes %s without a manifest for de-enrolled where other manifests are there', (_, over, kept) => {
    const orphan = { ...view(warm), manifest: null, refs: null, ...over };
    const other = { ...view({}), recipe: 'other' };
    const decision = decide(orphan, fleet([orphan, other]), context());
    expect(decision).toMatchObject({ decision: 'not-enrolled', reason: 'orphaned' });
    expect(decision.message).toContain(kept);
  });

  it('does not take a record without a manifest for de-enrolled while a manifest file cannot be read', () => {
    const orphan = { ...view(warm), manifest: null, refs: null };
    const decision = decide(orphan, fleet([orphan], { unreadableFiles: ['broken.yaml'] }), context());
    expect(decision).toMatchObject({ decision: 'unknown', reason: 'manifest-invalid' });
    expect(decision.message).toContain('broken.yaml');
  });

  it('shows both commits of a moved tag and when each was first seen', () => {
    const moved = commitOf('moved');
    const firstSeen = {
      [V1]: [
        { commit: commitOf(V1), at: '2026-01-01T00:00:00.000Z', uptime: null },
        { commit: moved, at: '2026-02-02T00:00:00.000Z', uptime: null },
      ],
    };
    const { message } = decided({ ...warm, tags: [tag(V1, moved)], memory: memory({ firstSeen }) });
    for (const word of [commitOf(V1), moved, '2026-01-01', '2026-02-02']) expect(message).toContain(word);
  });
});

describe('names that every object has', () => {
  it('are no sightings: a record and a tag called "constructor" break nothing', () => {
    const odd = record('constructor', 1);
    const found = decided({ ...warm, record: odd, tags: [tag('constructor', commitOf('moved')), tag(V1)] });
    expect(found).toMatchObject({ decision: 'held', reason: 'record-mismatch' });
  });
});

describe('what was accepted', () => {
  const held: [Acceptance['reason'], Sketch, string | null][] = [
    [
      'tag-moved',
      { ...warm, tags: [tag(V1, commitOf('moved'))], memory: memory({ firstSeen: seen(V1) }) },
      commitOf('moved'),
    ],
    ['record-mismatch', { ...warm, tags: [tag(V1, commitOf('moved'))] }, commitOf('moved')],
    ['release-withdrawn', { record: record(V2, 1), generations: [generation(1, V2)], tags: [tag(V1)] }, null],
    ['driver-changed', { ...warm, record: record(V1, 1, { driver: 'swarm' }) }, commitOf(V1)],
  ];

  it.each(held)('%s becomes a repair at the newest allowed release', (reason, sketch, tagCommit) => {
    const canonical = sketch.record ?? record(V1, 1);
    const accepted = { reason, canonical, generation: 1, tagCommit, at: NOW.toISOString() };
    const remembered = { ...(sketch.memory ?? memory()), accepted };
    expect(decided(sketch)).toMatchObject({ decision: 'held', reason });
    expect(decided({ ...sketch, memory: remembered })).toMatchObject({
      decision: 'repair',
      reason: 'accepted',
    });
  });

  it('counts only for the commits that were seen when it was given', () => {
    const accepted = {
      reason: 'tag-moved',
      canonical: record(V1, 1),
      generation: 1,
      tagCommit: commitOf('moved'),
      at: NOW.toISOString(),
    } as const;
    const again = {
      ...warm,
      tags: [tag(V1, commitOf('moved again'))],
      memory: memory({ firstSeen: seen(V1), accepted }),
    };
    expect(decided(again)).toMatchObject({ decision: 'held', reason: 'tag-moved' });
  });

  it('counts only for the generation that was held, not for a later one of the same release', () => {
    const canonical = record(V1, 1);
    const accepted = {
      reason: 'driver-changed',
      canonical,
      generation: 1,
      tagCommit: commitOf(V1),
      at: NOW.toISOString(),
    } as const;
    const again = { ...warm, record: record(V1, 2, { driver: 'swarm' }), memory: memory({ accepted }) };
    expect(decided(again)).toMatchObject({ decision: 'held', reason: 'driver-changed' });
  });

  it('is not built upon the canonical that was held', () => {
    const accepted = {
      reason: 'tag-moved',
      canonical: record(V1, 1),
      generation: 1,
      tagCommit: commitOf('moved'),
      at: NOW.toISOString(),
    } as const;
    const sketch = {
      ...warm,
      tags: [tag(V1, commitOf('moved')), tag(V2)],
      memory: memory({ firstSeen: seen(V1), accepted }),
    };
    expect(decided(sketch).plan).toMatchObject({ target: { version: V2 }, base: null, keep: [] });
  });
});

describe('the base', () => {
  const three = [generation(3, V2), generation(2, V1), generation(1, '0.9.0+0.9')];
  const canonical = record(V2, 3, { kept: [2, 1] });

  it('of an advance is the canonical', () => {
    const { plan } = decided({ record: canonical, generations: three, tags: [tag(V2), tag(V3)] });
    expect(plan?.base).toMatchObject({ version: V2, generation: 3 });
  });

  it('of a repair is the newest older kept generation, never the same version', () => {
    const damaged = [
      generation(3, V2, { damage: [{ kind: 'changed', what: 'volume data' }] }),
      ...three.slice(1),
    ];
    const { plan, message } = decided({ record: canonical, generations: damaged, tags: [tag(V2)] });
    expect(plan?.base).toMatchObject({ version: V1, generation: 2 });
    expect(message).toContain('kept generation 2');
    expect(message).toContain('lost');
  });

  it('is never a damaged generation, whatever its version', () => {
    const damage = [{ kind: 'missing', what: 'volume data' }] as const;
    const generations = [
      generation(3, V2, { damage }),
      generation(2, V1, { damage }),
      generation(1, '0.9.0+0.9'),
    ];
    const { plan } = decided({ record: canonical, generations, tags: [tag(V2), tag(V3)] });
    expect(plan?.base).toMatchObject({ generation: 1 });
  });

  it('is nothing where no intact older generation is left, and the message says what is lost', () => {
    const damage = [{ kind: 'missing', what: 'volume data' }] as const;
    const { plan, message } = decided({
      record: record(V1, 1),
      generations: [generation(1, V1, { damage })],
      tags: [tag(V1)],
    });
    expect(plan?.base).toBeNull();
    expect(message).toContain('installed afresh');
  });

  it('of an advance from a record with only the five old fields is nothing, and the message says so', () => {
    const { plan, message } = decided({ record: record(V1, null), tags: [tag(V1), tag(V2)] });
    expect(plan?.base).toBeNull();
    expect(message).toContain('adopted without volumes');
  });

  describe('of an advance from such a record, where volumes of it are left,', () => {
    const adopted = { record: record(V1, null), tags: [tag(V1), tag(V2)], adoptable: ['data', 'db'] };

    it('is those volumes, under the current manifest, and the message says so', () => {
      const { plan, message } = decided(adopted);
      expect(plan?.base).toEqual({
        version: V1,
        commit: commitOf(V1),
        generation: null,
        volumes: ['data', 'db'],
        manifest: manifest(),
      });
      expect(message).toContain('built from copies of the adopted volumes data, db, with new secrets');
    });

    it.each([
      [
        'a person distrusts them',
        { memory: memory({ rebuild: { generation: null, at: NOW.toISOString() } }) },
      ],
      ['its release is gone upstream, and so its commit', { tags: [tag(V2)] }],
    ])('is nothing once %s, and the message says so', (_what, over) => {
      const { plan, message } = decided({ ...adopted, ...over });
      expect(plan).toMatchObject({ kind: 'advance', base: null });
      expect(message).toContain(
        'adopted with volumes that are not to be built on, so it is installed afresh',
      );
    });

    it('is another input than none, or than other volumes', () => {
      const inputs = (adoptable: string[]) => decided({ ...adopted, adoptable }).plan?.inputs;
      expect(new Set([[], ['data'], ['data', 'db']].map(inputs)).size).toBe(3);
    });
  });

  it('is not what another driver made', () => {
    const accepted = {
      reason: 'driver-changed',
      canonical: record(V1, 1),
      generation: 2,
      tagCommit: commitOf(V1),
      at: NOW.toISOString(),
    } as const;
    const sketch: Sketch = {
      record: record(V1, 2, { driver: 'swarm', kept: [1] }),
      generations: [generation(2, V1, { driver: 'swarm' }), generation(1, '0.9.0+0.9', { driver: 'swarm' })],
      tags: [tag(V1)],
      memory: memory({ accepted }),
    };
    expect(decided(sketch).plan).toMatchObject({ base: null, keep: [] });
  });

  it('keeps as many generations as the manifest says, the canonical included, intact ones only', () => {
    const sketch = { record: canonical, generations: three, tags: [tag(V2), tag(V3)] };
    const kept = (retain: number) =>
      decided({ ...sketch, manifest: manifest({ retain }) }).plan?.keep.map((each) => each.generation);
    expect([kept(1), kept(2), kept(3), kept(9)]).toEqual([[], [3], [3, 2], [3, 2, 1]]);
    const damaged = [
      generation(3, V2, { damage: [{ kind: 'changed', what: 'volume data' }] }),
      ...three.slice(1),
    ];
    expect(decided({ ...sketch, generations: damaged }).plan?.keep.map((each) => each.generation)).toEqual([
      2,
    ]);
  });
});

describe('the gates', () => {
  const drifted: Sketch = { tags: [tag(V1)] };
  const later = new Date(NOW.getTime() + HOUR).toISOString();
  const earlier = new Date(NOW.getTime() - HOUR).toISOString();
  const pause = (until: string | null) => ({ reason: 'migrating', by: 'ann', until });

  it('suspended: with reason, owner and end; the drift is still told', () => {
    const decision = decided({ ...drifted, manifest: manifest({ suspend: pause(later) }) });
    expect(decision).toMatchObject({
      decision: 'suspended',
      reason: 'suspended',
      drift: 'seed',
      nextAt: later,
      plan: null,
    });
    expect(decision.message).toContain('migrating (by ann)');
  });

  it('a suspension ends by itself', () => {
    expect(decided({ ...drifted, manifest: manifest({ suspend: pause(earlier) }) }).decision).toBe('seed');
  });

  it('a suspended recipe without drift is in sync', () => {
    expect(decided({ ...warm, manifest: manifest({ suspend: pause(null) }) }).decision).toBe('in-sync');
  });

  it('frozen: the whole fleet', () => {
    expect(decided(drifted, { settings: { freeze: pause(later) } })).toMatchObject({
      decision: 'held',
      reason: 'frozen',
      nextAt: later,
    });
    expect(decided(drifted, { settings: { freeze: pause(earlier) } }).decision).toBe('seed');
  });

  it('release-too-young: counted from when this program first saw the tag', () => {
    const young = manifest({ release: { ignore: [], prerelease: false, minAgeMs: 2 * DAY } });
    const decision = decided({ ...drifted, manifest: young, memory: memory({ firstSeen: seen(V1) }) });
    expect(decision).toMatchObject({ decision: 'held', reason: 'release-too-young', drift: 'seed' });
    expect(decision.nextAt).toBe(new Date(NOW.getTime() + DAY).toISOString());
    const ripe = { ...drifted, manifest: young, memory: memory({ firstSeen: seen(V1) }) };
    expect(decided(ripe, {}, new Date(NOW.getTime() + DAY)).decision).toBe('seed');
  });

  it('outside-window: until it opens', () => {
    const decision = decided(drifted, { window: { open: false, nextAt: later } });
    expect(decision).toMatchObject({ decision: 'held', reason: 'outside-window', nextAt: later });
    expect(decision.message).toContain(`closed until ${later}`);
  });

  it('outside-window: not what was due when the window opened', () => {
    const due = { ...drifted, memory: memory({ dueSince: NOW.toISOString() }) };
    expect(decided(due, { window: { open: false, nextAt: later } }).decision).toBe('seed');
  });

  it('disk-budget: allocated, reserved and twice the canonical must fit, with the figures in the message', () => {
    const sketch = {
      ...warm,
      tags: [tag(V1), tag(V2)],
      generations: [generation(1, V1, { allocatedBytes: 1000 })],
    };
    const disk = { allocatedBytes: 5000, reservedBytes: 100 };
    const tight = decided(sketch, { disk, settings: { diskBudgetBytes: 7099 } });
    expect(tight).toMatchObject({ decision: 'held', reason: 'disk-budget', drift: 'advance' });
    for (const figure of ['2000', '5000', '100', '7100', '7099']) expect(tight.message).toContain(figure);
    expect(decided(sketch, { disk, settings: { diskBudgetBytes: 7100 } }).decision).toBe('advance');
  });

  it("disk-budget: a seed counts as the fleet's median canonical", () => {
    const sized = (name: string, allocatedBytes: number) =>
      view({
        manifest: manifest({ name }),
        record: record(V1, 1, { recipe: name }),
        generations: [generation(1, V1, { recipe: name, allocatedBytes })],
        tags: [tag(V1)],
      });
    const one = view(drifted);
    const views = [one, sized('a', 100), sized('b', 300), sized('c', 9000)];
    const at = (diskBudgetBytes: number) =>
      decide(one, fleet(views, { settings: { diskBudgetBytes } }), context()).decision;
    expect([at(599), at(600)]).toEqual(['held', 'seed']);
  });

  it('blocked: a dependency has no usable canonical', () => {
    const one = view({ ...drifted, manifest: manifest({ dependsOn: [{ name: 'db', provide: [] }] }) });
    const db = view({ manifest: manifest({ name: 'db' }), tags: [tag(V1)] });
    const decision = decide(one, fleet([one, db]), context());
    expect(decision).toMatchObject({ decision: 'blocked', reason: 'dependency-not-ready', drift: 'seed' });
    expect(decision.message).toContain('db');
  });

  it('come in their order, the first that holds', () => {
    const everything = manifest({
      suspend: pause(later),
      release: { ignore: [], prerelease: false, minAgeMs: DAY },
      dependsOn: [{ name: 'db', provide: [] }],
    });
    const closed = {
      window: { open: false, nextAt: later } as const,
      disk: { allocatedBytes: 10, reservedBytes: 0 },
    };
    const settings = { freeze: pause(later), diskBudgetBytes: 1 };
    const reasons: string[] = [];
    const add = (wanted: typeof everything, over: Parameters<typeof decided>[1]) =>
      reasons.push(decided({ ...drifted, manifest: wanted }, over).reason);
    add(everything, { ...closed, settings });
    const unsuspended = { ...everything, suspend: null };
    add(unsuspended, { ...closed, settings });
    add(unsuspended, { ...closed, settings: { diskBudgetBytes: 1 } });
    const old = { ...unsuspended, release: { ignore: [], prerelease: false, minAgeMs: 0 } };
    add(old, { ...closed, settings: { diskBudgetBytes: 1 } });
    add(old, { disk: closed.disk, settings: { diskBudgetBytes: 1 } });
    add(old, {});
    expect(reasons).toEqual([
      'suspended',
      'frozen',
      'release-too-young',
      'outside-window',
      'disk-budget',
      'dependency-not-ready',
    ]);
  });
});

describe('a failure with the same inputs', () => {
  const damaged = (number: number): DamagedTrial => {
    return { id: `20260617T065402Z-app-${number}`, generation: number, why: 'trial.json is damaged' };
  };
  const newerThan = (verdict: Verdict): TrialRecord => trial({ generation: 8, verdict, inputs: 'others' });
  const sketch: Sketch = { ...warm, tags: [tag(V1), tag(V2)] };
  const inputsOf = (
    over: Sketch = {},
    fleetOver: Partial<FleetView> & { settings?: Partial<FleetConfig> } = {},
  ) => decided({ ...sketch, ...over }, fleetOver).plan?.inputs ?? 'none';
  const failed = trial({
    inputs: inputsOf(),
    version: V2,
    steps: [
      { name: 'upgrade', startedAt: '', endedAt: '', ok: false, message: 'lost rows', log: 'upgrade.log' },
    ],
  });

  it('holds until its time has come, and names the trial, the step and why', () => {
    const decision = decided({ ...sketch, trials: [failed] });
    expect(decision).toMatchObject({ decision: 'held', reason: 'failed-same-inputs', drift: 'advance' });
    expect(decision.nextAt).toBe(new Date(NOW.getTime() + 5 * HOUR).toISOString());
    for (const word of [failed.id, 'red at upgrade', 'the app exited'])
      expect(decision.message).toContain(word);
    expect(decided({ ...sketch, trials: [failed] }, {}, new Date(NOW.getTime() + 5 * HOUR)).decision).toBe(
      'advance',
    );
  });

  it.each<[string, Sketch, string]>([
    ['is the newest', {}, 'unknown'],
    ['is the newest, and there is no canonical', { record: null, generations: [] }, 'unknown'],
    ['was followed by what says nothing of a release', { trials: [newerThan('infra')] }, 'unknown'],
    ['was followed by a verdict on a release', { trials: [newerThan('red')] }, 'advance'],
    ['made the canonical', { damagedTrials: [damaged(1)] }, 'advance'],
    ['is called like no trial', { damagedTrials: [damaged(Number.NaN)] }, 'advance'],
    ['is not asked for, as nothing is due,', { tags: [tag(V1)] }, 'in-sync'],
  ])(
    'that cannot be read and %s is told of, and taken for none where it cannot be one',
    (_, over, expected) => {
      const found = decided({ ...sketch, damagedTrials: [damaged(7)], ...over });
      expect(found.decision).toBe(expected);
      expect(found.notes).toEqual(['1 trial cannot be read: trial.json is damaged']);
      if (expected !== 'unknown') return;
      expect(found).toMatchObject({ reason: 'record-unreadable', nextAt: null, plan: null });
      for (const word of ['trial.json is damaged', '--retry-failed']) expect(found.message).toContain(word);
    },
  );

  it('that cannot be read holds nothing back either where holds are to be ignored', () => {
    const one = view({ ...sketch, damagedTrials: [damaged(7)] });
    expect(decide(one, fleet([one]), context({ ignoreHolds: () => true })).decision).toBe('advance');
  });

  it('holds nothing back where its holds are to be ignored', () => {
    const one = view({ ...sketch, trials: [failed] });
    expect(decide(one, fleet([one]), context({ ignoreHolds: () => true })).decision).toBe('advance');
  });

  it.each<[string, Sketch]>([
    ['a newer release', { tags: [tag(V1), tag(V2), tag(V3)] }],
    ['another commit of the release', { tags: [tag(V1), tag(V2, commitOf('fixed'))] }],
    ['another base', { record: record(V1, 5), generations: [generation(5, V1)] }],
    ['another upstream', { manifest: manifest({ upstream: 'https://example.org/fork.git' }) }],
    [
      'a check',
      {
        manifest: manifest({ checks: [{ name: 'c', phase: 'installed', command: ['true'], timeoutMs: 1 }] }),
      },
    ],
    ['what a check says', { manifest: manifest({ commandFiles: { 'check.sh': 'sha256:1' } }) }],
    ["the app's environment", { manifest: manifest({ app: { env: { A: '1' }, process: null } }) }],
    ['what healthy means', { manifest: manifest({ health: { ...manifest().health, path: '/up' } }) }],
    ['the timeout', { manifest: manifest({ timeoutMs: 2 }) }],
    [
      'what is allowed',
      { manifest: manifest({ release: { ignore: ['x'], prerelease: false, minAgeMs: 0 } }) },
    ],
  ])('no longer holds after a change of %s', (_, over) => {
    expect(inputsOf(over)).not.toBe(inputsOf());
    expect(decided({ ...sketch, ...over, trials: [failed] }).decision).toBe('advance');
  });

  it.each<[string, Sketch]>([
    ['suspend', { manifest: manifest({ suspend: { reason: 'x', by: null, until: '2020-01-01' } }) }],
    ['retain', { manifest: manifest({ retain: 5 }) }],
    [
      'retry',
      { manifest: manifest({ retry: { red: { baseMs: 1, maxMs: 1 }, infra: { baseMs: 1, maxMs: 1 } } }) },
    ],
    ['reason', { manifest: manifest({ reason: 'because' }) }],
  ])('still holds after a change of %s, which reaches no deployment', (_, over) => {
    expect(inputsOf(over)).toBe(inputsOf());
    expect(decided({ ...sketch, ...over, trials: [failed] }).decision).toBe('held');
  });

  it("no longer holds after a change of this program's build, nor of a dependency's canonical", () => {
    const one = view({ ...sketch, manifest: manifest({ dependsOn: [{ name: 'db', provide: [] }] }) });
    const db = (number: number) =>
      view({
        manifest: manifest({ name: 'db' }),
        record: record(V1, number, { recipe: 'db' }),
        generations: [generation(number, V1, { recipe: 'db' })],
        tags: [tag(V1)],
      });
    const inputs = (number: number, commit: string) =>
      decide(one, fleet([one, db(number)]), context({ program: { version: '1', commit } })).plan?.inputs;
    expect(inputs(1, 'a')).toBe(inputs(1, 'a'));
    expect(new Set([inputs(1, 'a'), inputs(2, 'a'), inputs(1, 'b')]).size).toBe(3);
  });
});

describe('dependencies', () => {
  const V = V1;
  const depending = (name: string, on: string[], sketch: Sketch = {}) =>
    view({
      manifest: manifest({ name, dependsOn: on.map((each) => ({ name: each, provide: [] })) }),
      tags: [tag(V)],
      ...sketch,
    });
  const ready = (name: string, on: string[] = [], over: Parameters<typeof generation>[2] = {}) => {
    const promotedWith = manifest({ name, dependsOn: on.map((each) => ({ name: each, provide: [] })) });
    const made = generation(1, V, { recipe: name, manifest: promotedWith, ...over });
    return depending(name, on, { record: record(V, 1, { recipe: name }), generations: [made] });
  };
  const plan = (...views: RecipeView[]) => decide(views[0] ?? view(), fleet(views), context());

  it('come along with their own, each after what it needs', () => {
    const { plan: found } = plan(depending('app', ['web']), ready('web', ['db']), ready('db'));
    expect(found?.dependencies.map(({ name }) => name)).toEqual(['db', 'web']);
  });

  it('serve while they are suspended, red or orphaned, as long as their canonical is intact', () => {
    const db = ready('db');
    const suspended = {
      ...db,
      manifest: manifest({ name: 'db', suspend: { reason: 'x', by: null, until: null } }),
    };
    const red = { ...db, trials: { readable: true as const, value: [trial({ recipe: 'db' })] } };
    const orphaned = { ...db, manifest: null, refs: null };
    for (const each of [suspended, red, orphaned])
      expect(plan(depending('app', ['db']), each).decision).toBe('seed');
  });

  it.each<[string, Parameters<typeof generation>[2]]>([
    ['damaged', { damage: [{ kind: 'missing', what: 'volume data' }] }],
    ["another driver's", { driver: 'swarm' }],
  ])('do not serve where their canonical is %s', (_, over) => {
    expect(plan(depending('app', ['db']), ready('db', [], over)).decision).toBe('blocked');
  });

  it('do not serve where a dependency of theirs does not', () => {
    const { decision, message } = plan(depending('app', ['web']), ready('web', ['db']), depending('db', []));
    expect(decision).toBe('blocked');
    expect(message).toContain('db');
  });

  it('that cannot be read are not ready, which is not the same as gone', () => {
    const db = { ...ready('db'), record: unreadable<null>('no permission') };
    const { decision, message } = plan(depending('app', ['db']), db);
    expect(decision).toBe('blocked');
    expect(message).toContain('no permission');
  });
});

describe('carrying a decision out', () => {
  const versions = ['0.9.0+0.9', V1, V2, V3, '2.0.0-rc.1+2', 'latest', 'v9'];
  const damage = fc.constantFrom(
    [],
    [{ kind: 'missing' as const, what: 'volume data' }],
    [{ kind: 'changed' as const, what: 'volume data' }],
  );
  const sketches = fc.record({
    tags: fc.uniqueArray(fc.constantFrom(...versions), { minLength: 1 }),
    canonical: fc.option(fc.constantFrom('0.9.0+0.9', V1, V2, V3)),
    adopted: fc.boolean(),
    kept: fc.subarray([1, 2, 3]),
    damages: fc.array(damage, { minLength: 4, maxLength: 4 }),
    retain: fc.integer({ min: 1, max: 4 }),
    rebuild: fc.boolean(),
    prerelease: fc.boolean(),
  });

  it('leaves a world that decides in-sync, and acting again is not decided', () => {
    let acted = 0;
    fc.assert(
      fc.property(sketches, ({ tags, canonical, adopted, kept, damages, retain, rebuild, prerelease }) => {
        const stored =
          canonical === null ? null : record(canonical, adopted ? null : 4, { kept: adopted ? [] : kept });
        const generations =
          stored === null || adopted
            ? []
            : [4, ...kept].map((number, index) =>
                generation(number, number === 4 ? stored.version : '0.8.0+1', {
                  damage: damages[index] ?? [],
                }),
              );
        const before = view({
          manifest: manifest({ retain, release: { ignore: [], prerelease, minAgeMs: 0 } }),
          tags: tags.map((name) => tag(name)),
          record: stored,
          generations,
          memory: memory(rebuild ? { rebuild: { generation: 4, at: NOW.toISOString() } } : {}),
        });
        const decision = decide(before, fleet([before]), context());
        if (decision.plan === null) return;
        acted += 1;
        const after = carryOut(before, decision);
        expect(decide(after, fleet([after]), context())).toMatchObject({ decision: 'in-sync', plan: null });
        expect(decision.plan.keep.length).toBeLessThan(retain);
      }),
      { numRuns: 500 },
    );
    expect(acted).toBeGreaterThan(100);
  });

  it('does not depend on the clock where nothing waits for a time', () => {
    const at = (now: Date) => decide(view(warm), fleet([view(warm)]), context({ now }));
    expect(at(new Date(0))).toEqual(at(new Date(4e12)));
    expect(config().driver).toBe('process');
  });
});
