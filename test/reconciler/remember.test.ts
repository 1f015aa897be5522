import { describe, expect, it } from 'vitest';
import { decide } from '../../src/reconciler/decide.ts';
import {
  rememberCanonical,
  rememberDecision,
  rememberTags,
  rememberTrial,
} from '../../src/reconciler/remember.ts';
import { commitOf, context, fleet, HOUR, manifest, memory, NOW, record, tag, trial, view } from './world.ts';

const V1 = '1.0.0+1.0';
const later = new Date(NOW.getTime() + HOUR);
const uptime = { bootId: 'boot', ms: HOUR };
const first = { now: NOW, uptime };
const second = { now: later, uptime: { bootId: 'boot', ms: 2 * HOUR } };

describe('what is remembered of releases', () => {
  it('is when, and at which commit, each was first seen; a moved tag is seen twice', () => {
    const once = rememberTags(memory(), [tag(V1)], first);
    const twice = rememberTags(once, [tag(V1, commitOf('moved'))], second);
    expect(twice.firstSeen[V1]).toEqual([
      { commit: commitOf(V1), at: NOW.toISOString(), uptime },
      { commit: commitOf('moved'), at: later.toISOString(), uptime: second.uptime },
    ]);
  });

  it('is nothing new where nothing is new, and nothing of tags that are no releases', () => {
    const once = rememberTags(memory(), [tag(V1)], first);
    expect(rememberTags(once, [tag(V1), tag('latest')], second)).toBe(once);
  });

  it('is a sighting of now, where the only clock that can tell says that it is still to come', () => {
    const ahead = { now: later, uptime: { bootId: 'before the machine was started again', ms: HOUR } };
    const once = rememberTags(memory(), [tag(V1)], ahead);
    const twice = rememberTags(once, [tag(V1)], first);
    expect(twice.firstSeen[V1]).toEqual([{ commit: commitOf(V1), at: NOW.toISOString(), uptime }]);
    expect(rememberTags(twice, [tag(V1)], second)).toBe(twice);
  });

  it('is left as it is where uptime tells, however the clock was set', () => {
    const once = rememberTags(memory(), [tag(V1)], { ...first, now: later });
    expect(rememberTags(once, [tag(V1)], { ...second, now: NOW })).toBe(once);
  });

  it('has an end: of tags without end, those that are listed stay, with the first and the last sighting', () => {
    const tags = Array.from({ length: 15_000 }, (_, index) => tag(`1.0.${index}+1`));
    let seen = rememberTags(memory(), [...tags, tag(V1)], first);
    for (const commit of ['second', 'third'])
      seen = rememberTags(
        seen,
        tags.map(({ name }) => tag(name, commitOf(commit))),
        second,
      );
    expect(Object.keys(seen.firstSeen)).toHaveLength(15_000);
    expect(seen.firstSeen['1.0.7+1']?.map(({ commit }) => commit)).toEqual([
      commitOf('1.0.7+1'),
      commitOf('third'),
    ]);
  });
});

describe('what is remembered of a decision', () => {
  const one = view({ tags: [tag(V1)] });
  const seed = decide(one, fleet([one]), context());
  const none = view();
  const quiet = decide(none, fleet([none]), context());

  it('is since when it drifts, until it does not', () => {
    const drifting = rememberDecision(memory(), seed, NOW);
    expect(drifting.driftSince).toBe(NOW.toISOString());
    expect(rememberDecision(drifting, seed, later)).toBe(drifting);
    expect(rememberDecision(drifting, quiet, later).driftSince).toBeNull();
  });

  it('is its conditions, whose transition time moves only if they do', () => {
    const once = rememberDecision(memory(), seed, NOW);
    expect(once.conditions).toMatchObject([
      { type: 'Ready', status: 'False' },
      { type: 'Reconciling', status: 'True', reason: 'no-canonical' },
      { type: 'Stalled', status: 'False' },
    ]);
    const twice = rememberDecision(once, quiet, later);
    expect(twice.conditions.map((each) => each.lastTransitionTime)).toEqual(
      Array(3).fill(later.toISOString()),
    );
  });

  it('is by which wording of its manifest, which moves without moving a transition time', () => {
    const digest = (text: string) => `sha256:${text}`;
    const by = (document: unknown) => {
      const worded = view({ tags: [tag(V1)], manifest: manifest({ document }) });
      return decide(worded, fleet([worded]), { ...context(), digest });
    };
    const once = rememberDecision(memory(), by({ a: 1, b: 2 }), NOW);
    expect(once.conditions.map((each) => each.observedGeneration)).toEqual(
      Array(3).fill('sha256:{"a":1,"b":2'),
    );
    expect(rememberDecision(once, by({ b: 2, a: 1 }), later)).toBe(once);
    const edited = rememberDecision(once, by({ a: 2 }), later);
    expect(edited.conditions).toEqual(
      once.conditions.map((each) => ({ ...each, observedGeneration: 'sha256:{"a":2}' })),
    );
  });

  it('is nothing new where an earlier version only did not say by which wording (invariant I4)', () => {
    const now = rememberDecision(memory(), seed, NOW);
    const earlier = {
      ...now,
      conditions: now.conditions.map((each) => ({ ...each, observedGeneration: null })),
    };
    expect(rememberDecision(earlier, seed, later)).toBe(earlier);
    const [ready] = rememberDecision(earlier, quiet, later).conditions;
    expect(ready?.observedGeneration).toBe(quiet.observedGeneration);
  });

  it('is that something is done about it while a trial of it runs, whatever is decided beside it', () => {
    const onTrial = trial({ verdict: null, endedAt: null });
    const said = { type: 'Reconciling', status: 'True', reason: 'on-trial' };
    const beside = rememberDecision(memory(), quiet, later, onTrial);
    expect(beside.conditions[1]).toMatchObject({ ...said, lastTransitionTime: onTrial.startedAt });
    expect(beside.conditions[0]).toMatchObject({ type: 'Ready', status: 'False', reason: quiet.reason });
    expect(rememberDecision(beside, quiet, later, onTrial)).toBe(beside);
    const after = rememberDecision(beside, quiet, later);
    expect(after.conditions[1]).toMatchObject({ status: 'False', reason: quiet.reason });
  });

  it('is the last verdict, of a trial that ended', () => {
    const ended = trial({ verdict: 'red' });
    expect(rememberTrial(memory(), ended).lastVerdict).toEqual({
      trial: ended.id,
      verdict: 'red',
      at: ended.endedAt,
    });
    const open = memory();
    expect(rememberTrial(open, trial({ verdict: null, endedAt: null }))).toBe(open);
  });
});

describe("a person's word on a canonical", () => {
  const at = NOW.toISOString();
  const accepted = {
    reason: 'driver-changed',
    canonical: { version: V1, commit: commitOf(V1) },
    generation: 1,
    tagCommit: null,
    at,
  } as const;
  const said = memory({ accepted, rebuild: { generation: 1, at } });

  it('is remembered as long as the record names that one', () => {
    expect(rememberCanonical(said, record(V1, 1))).toBe(said);
  });

  it.each([
    ['names another generation, even of the same release', record(V1, 2)],
    ['is gone', null],
  ])('is forgotten once the record %s', (_, now) => {
    expect(rememberCanonical(said, now)).toEqual(memory());
  });

  it('of an adopted canonical is forgotten once there is one of our own', () => {
    const adopted = memory({ rebuild: { generation: null, at } });
    expect(rememberCanonical(adopted, record(V1, null))).toBe(adopted);
    expect(rememberCanonical(adopted, record(V1, 1))).toEqual(memory());
  });
});
