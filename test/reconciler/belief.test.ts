import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  believe,
  believeStill,
  changedRecipes,
  type Belief,
  type BeliefContext,
} from '../../src/reconciler/belief.ts';
import { decide } from '../../src/reconciler/decide.ts';
import type { Fleet, FleetConfig, Instant, InvalidManifest, Manifest } from '../../src/reconciler/model.ts';
import { readable, unreadable } from '../../src/reconciler/view.ts';
import {
  config,
  context,
  fleet as fleetView,
  generation,
  manifest,
  NOW,
  record,
  tag,
  view,
} from './world.ts';

const V1 = '1.0.0+1.0';
const MINUTE = 60_000;
const INTERVAL = 10 * MINUTE;

function at(ms: number, bootId = 'boot'): Instant {
  return { now: new Date(NOW.getTime() + ms), uptime: { bootId, ms: 1_000_000 + ms } };
}

function invalid(name: string): InvalidManifest {
  const file = `${name}.yaml`;
  return { name, file, problems: [{ file, line: 1, column: 1, message: 'it is wrong' }] };
}

interface Sketch {
  enrolled?: readonly string[];
  not?: readonly string[];
  invalid?: readonly string[];
  config?: Partial<FleetConfig>;
  /** Of the Reconciler document; null: there is none. */
  file?: string | null;
  unusable?: string;
}

function loaded(sketch: Sketch): Fleet {
  const { enrolled = [], not = [], invalid: broken = [], file = 'reconciler.yaml', unusable } = sketch;
  return {
    manifests: [
      ...enrolled.map((name) => manifest({ name })),
      ...not.map((name) => manifest({ name, enrolled: false, reason: 'retired' })),
    ],
    invalid: broken.map(invalid),
    config: unusable === undefined ? readable(config(sketch.config)) : unreadable(unusable),
    configFile: file,
    problems: broken.flatMap((name) => invalid(name).problems),
    memory: null,
  };
}

/** Loads one after the other, each so long after the start. */
function through(
  loads: readonly [number, Sketch][],
  start: Pick<BeliefContext, 'enrolledLast' | 'configFileLast'> = { enrolledLast: [] },
): Belief {
  let belief: Belief | null = null;
  for (const [ms, sketch] of loads) belief = believe(loaded(sketch), belief, { ...start, instant: at(ms) });
  if (belief === null) throw new Error('nothing was loaded');
  return belief;
}

const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `app-${String(index + from).padStart(2, '0')}`);

/** What a look would decide for a recipe that has a canonical. */
function decided({ fleet }: Belief, name: string): string {
  const manifests = new Map(fleet.manifests.map((each) => [each.name, each]));
  const broken = new Map(fleet.invalid.map((each) => [each.name, each]));
  const recipes = [...new Set([...manifests.keys(), ...broken.keys(), name])].map((each) => ({
    ...view({
      record: record(V1, 1, { recipe: each }),
      manifest: manifests.get(each) ?? null,
      tags: [tag(V1)],
      generations: [generation(1, V1)],
    }),
    invalid: broken.get(each) ?? null,
  }));
  const whole = fleetView(recipes, {
    config: fleet.config,
    unreadableFiles: fleet.invalid.map(({ file }) => file),
  });
  const found = recipes.find(({ recipe }) => recipe === name);
  if (found === undefined) throw new Error(`${name} was not looked at`);
  const { decision, reason } = decide(found, whole, context());
  return `${decision}: ${reason}`;
}

const TWENTY = names(20);
const LEFT = names(15);
const GONE = names(5, 15);
const HELD = 'unknown: manifest-invalid';

const GOOD = 'in-sync: up-to-date';
const ORPHANED = 'not-enrolled: orphaned';

describe('recipes that vanish', () => {
  it.each([
    ['five of twenty are held: more than a fifth, and at least five', 20, 5, HELD],
    ['four of twenty are believed: a fifth', 20, 4, ORPHANED],
    ['five of twenty-five are believed: a fifth, and not more', 25, 5, ORPHANED],
    ['six of twenty-nine are held', 29, 6, HELD],
    ['four of five are believed: fewer than five', 5, 4, ORPHANED],
    ['five of six are held', 6, 5, HELD],
  ])('%s', (_, fleet, count, decision) => {
    const before = names(fleet);
    const belief = through([
      [0, { enrolled: before }],
      [MINUTE, { enrolled: before.slice(count) }],
    ]);
    expect(before.slice(0, count).map((name) => decided(belief, name))).toEqual(Array(count).fill(decision));
    expect(decided(belief, before.at(-1) ?? '')).toBe(GOOD);
    expect(belief.enrolled).toEqual(decision === HELD ? before : before.slice(count));
  });

  it('are held until a load one interval later still lacks them', () => {
    const loads: [number, Sketch][] = [
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT }],
      [MINUTE + INTERVAL - 1, { enrolled: LEFT }],
    ];
    const held = through(loads);
    expect(GONE.map((name) => decided(held, name))).toEqual(GONE.map(() => HELD));
    expect(held.vanished).toMatchObject({ since: at(MINUTE), names: GONE });

    const over = through([...loads, [MINUTE + INTERVAL, { enrolled: LEFT }]]);
    expect(GONE.map((name) => decided(over, name))).toEqual(GONE.map(() => ORPHANED));
    expect(over).toMatchObject({ vanished: null, enrolled: LEFT });
    expect(over.fleet).toEqual(loaded({ enrolled: LEFT }));
  });

  it('are held though nobody loaded in between, since no load lacked them for an interval', () => {
    const belief = through([
      [0, { enrolled: TWENTY }],
      [100 * INTERVAL, { enrolled: LEFT }],
    ]);
    expect(belief.vanished?.names).toEqual(GONE);
  });

  it('are told with what happened, until when it is not believed, and what to do', () => {
    const { fleet } = through([
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT }],
      [2 * MINUTE, { enrolled: LEFT }],
    ]);
    const [first] = fleet.invalid;
    expect(first).toMatchObject({ name: 'app-15', file: 'app-15.yaml' });
    expect(first?.problems).toEqual([
      {
        file: 'app-15.yaml',
        line: 1,
        column: 1,
        message:
          'the manifest of app-15 is gone since 2026-06-17T06:56:32.000Z, with many others at once; that is not ' +
          'believed before 2026-06-17T07:06:32.000Z: put it back, or confirm it at once with a manifest that says ' +
          '"enrolled: false" and a reason',
      },
    ]);
    expect(fleet.problems).toEqual(fleet.invalid.flatMap(({ problems }) => problems));
  });

  it('are believed one by one as they come back, or are de-enrolled by an edit, and the others wait on', () => {
    const belief = through([
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT }],
      [2 * MINUTE, { enrolled: [...LEFT, 'app-15', 'app-16'], not: ['app-17'] }],
    ]);
    expect(GONE.map((name) => decided(belief, name))).toEqual([
      GOOD,
      GOOD,
      'not-enrolled: not-enrolled',
      HELD,
      HELD,
    ]);
    expect(belief.vanished).toMatchObject({ since: at(MINUTE), names: ['app-18', 'app-19'] });
    expect(belief.enrolled).toEqual([...LEFT, 'app-15', 'app-16', 'app-18', 'app-19']);
  });

  it('join those that are held, even a single one, and wait by themselves', () => {
    const fewer = LEFT.slice(1);
    const loads: [number, Sketch][] = [
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT }],
      [5 * MINUTE, { enrolled: fewer }],
    ];
    expect(through(loads).vanished?.names).toEqual(['app-00', ...GONE]);
    const later = through([...loads, [MINUTE + INTERVAL, { enrolled: fewer }]]);
    expect(later.vanished).toMatchObject({ since: at(5 * MINUTE), names: ['app-00'] });
    expect(through([...loads, [5 * MINUTE + INTERVAL, { enrolled: fewer }]]).vanished).toBeNull();
  });

  it('cannot make others wait longer by coming and going', () => {
    const flapping = (minute: number): [number, Sketch] => [
      minute * MINUTE,
      { enrolled: minute % 2 === 0 ? LEFT.slice(6) : LEFT },
    ];
    const minutes = Array.from({ length: 11 }, (_, index) => flapping(index + 1));
    const belief = through([[0, { enrolled: TWENTY }], ...minutes]);
    expect(GONE.map((name) => belief.enrolled.includes(name))).toEqual(GONE.map(() => false));
  });

  it('count where they were enrolled only: "enrolled: false" may go by the dozen', () => {
    const belief = through([
      [0, { enrolled: TWENTY, not: names(30, 50) }],
      [MINUTE, { enrolled: TWENTY }],
    ]);
    expect(belief.vanished).toBeNull();
  });

  it('did not vanish where a manifest names them that cannot be used', () => {
    const belief = through([
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT, invalid: GONE }],
    ]);
    expect(belief).toMatchObject({ vanished: null, enrolled: TWENTY });
    expect(belief.fleet).toEqual(loaded({ enrolled: LEFT, invalid: GONE }));
  });

  it('vanish also from a manifest that could not be used', () => {
    const belief = through([
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT, invalid: GONE }],
      [2 * MINUTE, { enrolled: LEFT }],
    ]);
    expect(belief.vanished).toMatchObject({ since: at(2 * MINUTE), names: GONE });
  });

  it('may stand in a file that cannot be used, and as long as there is one no wait ends', () => {
    const loads: [number, Sketch][] = [
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT.slice(1), invalid: ['all-of-them.yaml'] }],
      [MINUTE + 2 * INTERVAL, { enrolled: LEFT.slice(1), invalid: ['all-of-them.yaml'] }],
    ];
    const belief = through(loads);
    expect(belief.enrolled).toEqual(TWENTY);
    expect(['app-00', ...GONE].map((name) => decided(belief, name))).toEqual(Array(6).fill(HELD));
    const read = through([...loads, [MINUTE + 3 * INTERVAL, { enrolled: LEFT.slice(1) }]]);
    expect(read).toMatchObject({ vanished: null, enrolled: LEFT.slice(1) });
  });

  it('wait by uptime, whatever the clock says', () => {
    const first = believe(loaded({ enrolled: TWENTY }), null, { enrolledLast: [], instant: at(0) });
    const held = believe(loaded({ enrolled: LEFT }), first, { enrolledLast: [], instant: at(MINUTE) });
    const jumped = { ...at(2 * MINUTE), now: new Date(NOW.getTime() + 365 * 24 * 60 * MINUTE) };
    expect(
      believe(loaded({ enrolled: LEFT }), held, { enrolledLast: [], instant: jumped }).vanished,
    ).not.toBeNull();
    const back = { ...at(MINUTE + INTERVAL), now: new Date(0) };
    expect(
      believe(loaded({ enrolled: LEFT }), held, { enrolledLast: [], instant: back }).vanished,
    ).toBeNull();
  });

  it('wait anew after another start of the machine', () => {
    const first = believe(loaded({ enrolled: TWENTY }), null, { enrolledLast: [], instant: at(0) });
    const held = believe(loaded({ enrolled: LEFT }), first, { enrolledLast: [], instant: at(MINUTE) });
    const restarted = at(MINUTE + 5 * INTERVAL, 'another boot');
    const after = believe(loaded({ enrolled: LEFT }), held, { enrolledLast: [], instant: restarted });
    expect(after.vanished).toMatchObject({ since: restarted, names: GONE });
  });
});

describe('at a start', () => {
  it('what vanished since the last stored pass is held as well, for an interval from then on', () => {
    const start = { enrolledLast: TWENTY };
    const belief = through([[0, { enrolled: LEFT }]], start);
    expect(GONE.map((name) => decided(belief, name))).toEqual(GONE.map(() => HELD));
    expect(belief.enrolled).toEqual(TWENTY);
    const later: [number, Sketch][] = [
      [0, { enrolled: LEFT }],
      [INTERVAL, { enrolled: LEFT }],
    ];
    expect(through(later, start).enrolled).toEqual(LEFT);
  });

  it('where there was no pass, nobody is missed', () => {
    expect(through([[0, { enrolled: LEFT }]])).toMatchObject({ vanished: null, enrolled: LEFT });
  });

  it('with a configuration that cannot be used nothing is known', () => {
    const belief = through([[0, { enrolled: TWENTY, unusable: 'it is wrong' }]]);
    expect(belief.configKept).toBeNull();
    expect(decided(belief, 'app-00')).toBe('unknown: config-invalid');
  });

  it('a configuration that vanished with many recipes is not taken for none', () => {
    const start = { enrolledLast: TWENTY, configFileLast: 'reconciler.yaml' };
    const loads: [number, Sketch][] = [
      [0, { enrolled: LEFT, file: null }],
      [INTERVAL - 1, { enrolled: LEFT, file: null }],
    ];
    expect(decided(through(loads, start), 'app-00')).toBe('unknown: config-invalid');
    const over = through([...loads, [INTERVAL, { enrolled: LEFT, file: null }]], start);
    expect(over.fleet).toEqual(loaded({ enrolled: LEFT, file: null }));
  });
});

describe('the configuration', () => {
  const frozen = { freeze: { reason: 'audit', by: null, until: null }, intervalMs: 2 * MINUTE };

  it('stays the last good one while what is loaded cannot be used', () => {
    const loads: [number, Sketch][] = [
      [0, { enrolled: TWENTY, config: frozen }],
      [MINUTE, { enrolled: TWENTY, unusable: 'reconciler.yaml:4:1: it is wrong' }],
      [9 * INTERVAL, { enrolled: TWENTY, unusable: 'reconciler.yaml:4:1: it is wrong' }],
    ];
    const kept = through(loads);
    expect(kept.configKept).toBe('reconciler.yaml:4:1: it is wrong');
    expect(kept.fleet.config).toEqual(readable(config(frozen)));
    const mended = through([...loads, [10 * INTERVAL, { enrolled: TWENTY }]]);
    expect(mended).toMatchObject({ configKept: null, fleet: { config: readable(config()) } });
  });

  it('may be given up, alone, at once', () => {
    const belief = through([
      [0, { enrolled: TWENTY, config: frozen }],
      [MINUTE, { enrolled: TWENTY, file: null }],
    ]);
    expect(belief.configKept).toBeNull();
    expect(belief.fleet).toEqual(loaded({ enrolled: TWENTY, file: null }));
  });

  it('stays where it vanished with many recipes, for as long as these are held, by its own interval', () => {
    const loads: [number, Sketch][] = [
      [0, { enrolled: TWENTY, config: frozen }],
      [MINUTE, { enrolled: LEFT, file: null }],
      [3 * MINUTE - 1, { enrolled: LEFT, file: null }],
    ];
    const kept = through(loads);
    expect(kept).toMatchObject({
      configKept: 'reconciler.yaml is gone, together with manifests of recipes',
      fleet: { config: readable(config(frozen)), configFile: 'reconciler.yaml' },
    });
    const over = through([...loads, [3 * MINUTE, { enrolled: LEFT, file: null }]]);
    expect(over).toMatchObject({ configKept: null, vanished: null, fleet: { configFile: null } });
    expect(over.fleet.config).toEqual(readable(config()));
  });

  it('stays while the folder is empty, which says nothing of it', () => {
    const loads: [number, Sketch][] = [
      [0, { enrolled: names(2), config: frozen }],
      [MINUTE, { file: null }],
    ];
    expect(through(loads).fleet.config).toEqual(readable(config(frozen)));
    const back = through([...loads, [2 * MINUTE, { enrolled: names(2), config: frozen }]]);
    expect(back).toMatchObject({ configKept: null, enrolled: names(2) });
  });
});

describe('manifests that cannot be looked at', () => {
  it('leave everything as it was believed', () => {
    const before = through([[0, { enrolled: TWENTY }]]);
    const still = believeStill(before, 'cannot read the manifests in /m: it does not exist');
    expect(still).toEqual({ ...before, unread: 'cannot read the manifests in /m: it does not exist' });
    const after = believe(loaded({ enrolled: TWENTY }), still, { enrolledLast: [], instant: at(INTERVAL) });
    expect(after).toEqual(before);
  });

  it('end no wait: that takes a load', () => {
    const held = through([
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT }],
    ]);
    expect(believeStill(held, 'gone').enrolled).toEqual(TWENTY);
  });
});

describe('recipes to be looked at after a change', () => {
  const before = loaded({ enrolled: ['blog', 'shop'], invalid: ['wiki'] });
  const edit = (over: Partial<Manifest>): Fleet => ({
    ...before,
    manifests: before.manifests.map((each) => (each.name === 'shop' ? { ...each, ...over } : each)),
  });

  it.each<[string, Fleet, string[]]>([
    ['none, where nothing changed', loaded({ enrolled: ['blog', 'shop'], invalid: ['wiki'] }), []],
    ['one that was added', loaded({ enrolled: ['blog', 'chat', 'shop'], invalid: ['wiki'] }), ['chat']],
    ['one that was removed', loaded({ enrolled: ['shop'], invalid: ['wiki'] }), ['blog']],
    ['one that became invalid', loaded({ enrolled: ['blog'], invalid: ['shop', 'wiki'] }), ['shop']],
    ['one that became valid', loaded({ enrolled: ['blog', 'shop', 'wiki'] }), ['wiki']],
    ['one that was edited', edit({ suspend: { reason: 'audit', by: null, until: null } }), ['shop']],
    ['one whose check’s script was edited', edit({ commandFiles: { './check': 'sha256:other' } }), ['shop']],
    [
      'all, where the configuration changed',
      { ...before, config: unreadable('no') },
      ['blog', 'shop', 'wiki'],
    ],
  ])('are %s', (_, after, changed) => {
    expect(changedRecipes(before, after)).toEqual(changed);
  });

  it('are those that were held, when the wait is over', () => {
    const held = through([
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT }],
    ]);
    const over = through([
      [0, { enrolled: TWENTY }],
      [MINUTE, { enrolled: LEFT }],
      [MINUTE + INTERVAL, { enrolled: LEFT }],
    ]);
    expect(changedRecipes(held.fleet, over.fleet)).toEqual(GONE);
  });
});

type Way = 'enrolled' | 'not' | 'invalid' | 'absent';

/** One load: how long after the one before, and how each recipe stands in it. */
const load = fc.record({
  afterMs: fc.constantFrom(0, 1, MINUTE, INTERVAL - 1, INTERVAL, 3 * INTERVAL),
  ways: fc.oneof(
    fc.array(fc.constantFrom<Way>('enrolled', 'enrolled', 'enrolled', 'not', 'invalid', 'absent'), {
      minLength: 12,
      maxLength: 12,
    }),
    fc.array(fc.constantFrom<Way>('enrolled', 'absent'), { minLength: 12, maxLength: 12 }),
    fc.constantFrom<Way[]>(Array<Way>(12).fill('enrolled'), Array<Way>(12).fill('absent')),
  ),
});

interface Seen {
  ms: number;
  ways: readonly Way[];
  belief: Belief;
}

function history(loads: readonly { afterMs: number; ways: readonly Way[] }[]): Seen[] {
  const all = names(12);
  const seen: Seen[] = [];
  let ms = 0;
  for (const { afterMs, ways } of loads) {
    ms += afterMs;
    const which = (way: Way) => all.filter((_, index) => ways[index] === way);
    const sketch = { enrolled: which('enrolled'), not: which('not'), invalid: which('invalid') };
    const before = seen.at(-1)?.belief ?? null;
    const belief = believe(loaded(sketch), before, { enrolledLast: all, instant: at(ms) });
    seen.push({ ms, ways, belief });
  }
  return seen;
}

describe('whatever is loaded, one after the other', () => {
  it('no recipe is de-enrolled less than an interval after it vanished with many others', () => {
    fc.assert(
      fc.property(fc.array(load, { minLength: 1, maxLength: 12 }), (loads) => {
        const seen = history(loads);
        for (const [index, { ms, ways }] of seen.entries()) {
          const enrolled = index === 0 ? names(12) : (seen[index - 1]?.belief.enrolled ?? []);
          const isGone = (name: string) => ways[names(12).indexOf(name)] === 'absent';
          const wereThere = index === 0 ? names(12) : namesIn(seen[index - 1]);
          const vanished = enrolled.filter((name) => isGone(name) && wereThere.includes(name));
          if (vanished.length < 5 || vanished.length * 5 <= enrolled.length) continue;
          for (const name of vanished) {
            for (const later of seen.slice(index)) {
              if (later.ways[names(12).indexOf(name)] !== 'absent' || later.ms - ms >= INTERVAL) break;
              expect(decided(later.belief, name)).toBe(HELD);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a recipe that stays away for an interval, while every file can be used, ends de-enrolled', () => {
    fc.assert(
      fc.property(
        fc.array(load, { maxLength: 8 }),
        fc.array(load, { minLength: 2, maxLength: 6 }),
        fc.nat(11),
        (first, second, index) => {
          const away = second.map(({ afterMs, ways }) => ({
            afterMs,
            ways: ways.map((way, each) => (each === index ? 'absent' : way === 'invalid' ? 'enrolled' : way)),
          }));
          const seen = history([...first, ...away]);
          const [begin, end] = [seen[first.length], seen.at(-1)];
          if (begin === undefined || end === undefined || end.ms - begin.ms < INTERVAL) return;
          const name = names(12)[index] ?? '';
          expect(end.belief.enrolled).not.toContain(name);
          expect(end.belief.fleet.invalid.map((each) => each.name)).not.toContain(name);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('who is believed to be enrolled is who a manifest enrols, or who may still be', () => {
    fc.assert(
      fc.property(fc.array(load, { minLength: 1, maxLength: 12 }), (loads) => {
        for (const { belief, ways } of history(loads)) {
          for (const [index, name] of names(12).entries()) {
            const way = ways[index];
            if (way === 'enrolled') expect(belief.enrolled).toContain(name);
            if (way === 'not') expect(belief.enrolled).not.toContain(name);
          }
          expect(belief.enrolled).toEqual([...new Set(belief.enrolled)].toSorted());
          for (const name of belief.vanished?.names ?? [])
            expect(ways[names(12).indexOf(name)]).toBe('absent');
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Those that a manifest named, valid or not, in what was loaded. */
function namesIn(seen: Seen | undefined): string[] {
  return names(12).filter((_, index) => seen?.ways[index] !== 'absent');
}
