import { describe, expect, it } from 'vitest';
import { decide } from '../../src/reconciler/decide.ts';
import { rememberDecision, rememberTags, rememberTrial } from '../../src/reconciler/remember.ts';
import { commitOf, context, fleet, HOUR, memory, NOW, tag, trial, view } from './world.ts';

const V1 = '1.0.0+1.0';
const later = new Date(NOW.getTime() + HOUR);

describe('what is remembered of releases', () => {
  it('is when, and at which commit, each was first seen; a moved tag is seen twice', () => {
    const once = rememberTags(memory(), [tag(V1)], NOW);
    const twice = rememberTags(once, [tag(V1, commitOf('moved'))], later);
    expect(twice.firstSeen[V1]).toEqual([
      { commit: commitOf(V1), at: NOW.toISOString() },
      { commit: commitOf('moved'), at: later.toISOString() },
    ]);
  });

  it('is nothing new where nothing is new, and nothing of tags that are no releases', () => {
    const once = rememberTags(memory(), [tag(V1)], NOW);
    expect(rememberTags(once, [tag(V1), tag('latest')], later)).toBe(once);
  });

  it('has an end: of tags without end, those that are listed stay, with the first and the last sighting', () => {
    const tags = Array.from({ length: 15_000 }, (_, index) => tag(`1.0.${index}+1`));
    let seen = rememberTags(memory(), [...tags, tag(V1)], NOW);
    for (const commit of ['second', 'third'])
      seen = rememberTags(
        seen,
        tags.map(({ name }) => tag(name, commitOf(commit))),
        later,
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
    const first = rememberDecision(memory(), seed, NOW);
    expect(first.conditions).toMatchObject([
      { type: 'Ready', status: 'False' },
      { type: 'Reconciling', status: 'True', reason: 'no-canonical' },
      { type: 'Stalled', status: 'False' },
    ]);
    const second = rememberDecision(first, quiet, later);
    expect(second.conditions.map((each) => each.lastTransitionTime)).toEqual(
      Array(3).fill(later.toISOString()),
    );
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
