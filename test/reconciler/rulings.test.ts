/** Whether a request may be obeyed, as things are. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/reconciler/decide.ts';
import type { Fleet, Wish } from '../../src/reconciler/model.ts';
import {
  acceptanceOf,
  cancelAnswer,
  ruleOnCanonical,
  ruleOnForgetting,
} from '../../src/reconciler/rulings.ts';
import { readable, unreadable } from '../../src/reconciler/view.ts';
import {
  commitOf,
  config,
  context,
  fleet,
  generation,
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
const at = NOW.toISOString();

function rule(sketch: Sketch) {
  const one = view({ record: record(V1, 1), generations: [generation(1, V1)], ...sketch });
  return acceptanceOf(decide(one, fleet([one]), context()), one, NOW);
}

describe('an acceptance', () => {
  it('names exactly what was seen', () => {
    expect(rule({ tags: [tag(V1, commitOf('moved'))] })).toEqual({
      allowed: true,
      value: {
        reason: 'record-mismatch',
        canonical: { version: V1, commit: commitOf(V1) },
        generation: 1,
        tagCommit: commitOf('moved'),
        at,
      },
    });
  });

  it('of a tag that is gone says so', () => {
    const ruling = rule({ record: record(V2, 1), generations: [generation(1, V2)], tags: [tag(V1)] });
    expect(ruling).toMatchObject({ allowed: true, value: { reason: 'release-withdrawn', tagCommit: null } });
  });

  it.each<[string, Sketch, string]>([
    ['nothing is held', { tags: [tag(V1)] }, 'app is in-sync (up-to-date)'],
    ['there is no canonical', { record: null, generations: [], tags: [tag(V1)] }, 'app is seed'],
    ['no release is left', { tags: [tag('latest')] }, 'no release is left'],
  ])('is refused where %s', (_, sketch, why) => {
    const ruling = rule(sketch);
    expect(ruling).toMatchObject({ allowed: false });
    expect(ruling.allowed ? '' : ruling.why).toContain(why);
  });

  it('makes the decision that it is for', () => {
    const sketch: Sketch = {
      record: record(V1, 1),
      generations: [generation(1, V1)],
      tags: [tag(V1, commitOf('moved'))],
    };
    const ruling = rule(sketch);
    const accepted = view({ ...sketch, memory: memory({ accepted: ruling.allowed ? ruling.value : null }) });
    expect(decide(accepted, fleet([accepted]), context())).toMatchObject({
      decision: 'repair',
      reason: 'accepted',
    });
  });
});

describe('a word on a canonical', () => {
  const rebuild = { verb: 'rebuild', recipe: 'app', generation: 3, at } as const;
  const acceptance = {
    reason: 'tag-moved',
    canonical: { version: V1, commit: commitOf(V1) },
    generation: 3,
    tagCommit: commitOf('moved'),
    at,
  } as const;
  const accept = { verb: 'accept', recipe: 'app', acceptance } as const;
  const known = readable(memory());

  it('is remembered beside what was', () => {
    const now = readable(record(V1, 3));
    const seen = readable(memory({ driftSince: at }));
    expect(ruleOnCanonical(rebuild, now, seen)).toEqual({
      allowed: true,
      value: memory({ driftSince: at, rebuild: { generation: 3, at } }),
    });
    expect(ruleOnCanonical(accept, now, seen)).toEqual({
      allowed: true,
      value: memory({ driftSince: at, accepted: acceptance }),
    });
  });

  it('may be said twice', () => {
    const once = ruleOnCanonical(rebuild, readable(record(V1, 3)), known);
    const again = ruleOnCanonical(
      rebuild,
      readable(record(V1, 3)),
      readable(once.allowed ? once.value : memory()),
    );
    expect(again).toEqual(once);
  });

  it.each<[string, Parameters<typeof ruleOnCanonical>, string]>([
    [
      'another generation is the canonical',
      [rebuild, readable(record(V1, 4)), known],
      'generation 4, not generation 3',
    ],
    ['an adopted one is', [rebuild, readable(record(V1, null)), known], 'the adopted one, not generation 3'],
    [
      'another commit is',
      [accept, readable(record(V1, 3, { commit: commitOf('x') })), known],
      'another than when',
    ],
    ['there is none any more', [rebuild, readable(null), known], 'no canonical any more'],
    ['the record cannot be read', [rebuild, unreadable('torn'), known], 'cannot be read: torn'],
    [
      'the memory cannot be read',
      [rebuild, readable(record(V1, 3)), unreadable('torn')],
      'cannot be read: torn',
    ],
  ])('is refused where %s', (_, question, why) => {
    const ruling = ruleOnCanonical(...question);
    expect(ruling.allowed ? '' : ruling.why).toContain(why);
  });
});

describe('forgetting', () => {
  const of = (over: Partial<Fleet>): Fleet => ({
    manifests: [manifest({ name: 'other' })],
    invalid: [],
    config: readable(config()),
    configFile: null,
    memory: null,
    problems: [],
    ...over,
  });
  const problem = { file: 'x.yaml', line: 1, column: 1, message: 'unexpected' };

  it('is allowed for what no manifest enrols', () => {
    expect(ruleOnForgetting('app', of({}), readable(record(V1, 1))).allowed).toBe(true);
    const off = manifest({ enrolled: false });
    expect(ruleOnForgetting('app', of({ manifests: [off] }), readable(null)).allowed).toBe(true);
  });

  it.each<[string, Partial<Fleet>, string]>([
    ['it is enrolled', { manifests: [manifest()] }, 'app is enrolled by app.yaml'],
    ['no manifest was found', { manifests: [] }, 'no proof'],
    ['a file is wrong', { problems: [problem] }, 'x.yaml:1: unexpected'],
    [
      'something enrolled depends on it',
      { manifests: [manifest({ name: 'other', dependsOn: [{ name: 'app', provide: [] }] })] },
      'other, which is enrolled, depends on app',
    ],
    [
      'something enrolled depends on it at second hand',
      {
        manifests: [
          manifest({ name: 'other', dependsOn: [{ name: 'between', provide: [] }] }),
          manifest({ name: 'between', enrolled: false, dependsOn: [{ name: 'app', provide: [] }] }),
        ],
      },
      'other, which is enrolled, depends on app',
    ],
  ])('is refused where %s', (_, over, why) => {
    const ruling = ruleOnForgetting('app', of(over), readable(record(V1, 1)));
    expect(ruling.allowed ? '' : ruling.why).toContain(why);
  });

  it('is refused where the record cannot be read', () => {
    expect(ruleOnForgetting('app', of({}), unreadable('torn')).allowed).toBe(false);
  });
});

describe('the answer to a cancellation', () => {
  const wish: Extract<Wish, { verb: 'cancel' }> = { verb: 'cancel', recipe: 'app', trial: trial().id };

  it.each<[string, boolean, ReturnType<typeof trial> | null]>([
    ['ended as interrupted', true, trial({ verdict: 'interrupted' })],
    ['had ended before it could be cancelled: green', false, trial({ verdict: 'green' })],
    ['is not run by whoever acts now', false, trial({ verdict: null, endedAt: null })],
    ['is stored', false, null],
  ])('is that it %s', (words, obeyed, ended) => {
    const answer = cancelAnswer(wish, ended);
    expect(answer.obeyed).toBe(obeyed);
    expect(answer.message).toContain(words);
  });
});
