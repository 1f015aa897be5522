/** Whether a running trial is still the right one: decided by a look that goes on beside it. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/reconciler/decide.ts';
import type { FleetConfig, Manifest, Tag, TrialRecord } from '../../src/reconciler/model.ts';
import { whySuperseded, type Running } from '../../src/reconciler/superseding.ts';
import { unreadable, type RecipeView } from '../../src/reconciler/view.ts';
import { config, context, fleet, HOUR, manifest, tag, trial, view, type Sketch } from './world.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.0';

function viewWith(sketch: Sketch = {}, tags: readonly Tag[] = [tag(V1)]): RecipeView {
  return view({ tags, ...sketch });
}

/** What a trial was started for, as a look at this decides. */
function runningFor(seen: RecipeView): Running {
  const { plan } = decide(seen, fleet([seen]), context());
  if (plan === null || seen.manifest === null) throw new Error('nothing is to be tried');
  return { manifest: seen.manifest, plan };
}

function judged(running: Running, seen: RecipeView, settings: Partial<FleetConfig> = {}): string | null {
  const decision = decide(seen, fleet([seen], { settings }), context());
  const surroundings = { config: config(settings), context: context() };
  return whySuperseded(running, seen, decision, surroundings)?.reason ?? null;
}

const begun = (): Running => runningFor(viewWith());
const edited = (over: Partial<Manifest>): Sketch => ({ manifest: manifest(over) });
const ended = (...reasons: (string | null)[]): readonly TrialRecord[] =>
  reasons.map((reason) => trial({ verdict: reason === null ? 'red' : 'superseded', reason }));

describe('a trial that runs', () => {
  it.each<[string, RecipeView, string | null]>([
    ['goes on while nothing is different', viewWith(), null],
    ['gives way to a newer release', viewWith({}, [tag(V1), tag(V2)]), 'newer-release'],
    ['gives way where its tag moved', viewWith({}, [tag(V1, 'f'.repeat(40))]), 'tag-moved'],
    ['ends where no release is left', viewWith({}, [tag('latest')]), 'not-wanted'],
    ['gives way to an edit that reaches it', viewWith(edited({ timeoutMs: 1 })), 'edited'],
    ['goes on after an edit that does not', viewWith(edited({ retain: 5 })), null],
    [
      'ends where its recipe is suspended',
      viewWith(edited({ suspend: { reason: 'no', by: null, until: null } })),
      'suspended',
    ],
    [
      'ends where its recipe is de-enrolled',
      viewWith(edited({ enrolled: false, reason: 'no' })),
      'de-enrolled',
    ],
    ['goes on while upstream cannot be read', { ...viewWith(), refs: unreadable('timeout') }, null],
    [
      'goes on while a newer release is too young',
      viewWith(edited({ release: { ignore: [], prerelease: false, minAgeMs: HOUR } }), [tag(V1), tag(V2)]),
      null,
    ],
  ])('%s', (_name, seen, reason) => {
    expect(judged(begun(), seen)).toBe(reason);
  });

  it('ends where the fleet is frozen', () => {
    const freeze = { reason: 'no', by: null, until: null };
    expect(judged(begun(), viewWith(), { freeze })).toBe('frozen');
  });
});

describe('a stream of releases', () => {
  const newer = [tag(V1), tag(V2)];
  it.each<[string, readonly TrialRecord[], string | null]>([
    ['ends the first', ended(), 'newer-release'],
    ['ends the second', ended('newer-release'), 'newer-release'],
    ['lets the third finish', ended('newer-release', 'newer-release'), null],
    ['counts those in a row only', ended('newer-release', null, 'newer-release'), 'newer-release'],
    ['counts no edits', ended('edited', 'edited'), 'newer-release'],
  ])('%s', (_name, trials, reason) => {
    expect(judged(begun(), viewWith({ trials }, newer))).toBe(reason);
  });

  const third = { trials: ended('newer-release', 'newer-release') };

  it('does not keep a trial whose own release is not allowed any more', () => {
    const release = { ignore: ['1.0.*'], prerelease: false, minAgeMs: 0 };
    expect(judged(begun(), viewWith({ ...third, ...edited({ release }) }, newer))).toBe('newer-release');
  });

  it('does not keep a trial that an edit reaches', () => {
    expect(judged(begun(), viewWith({ ...third, ...edited({ timeoutMs: 1 }) }, newer))).toBe('newer-release');
  });
});
