/** What follows from a look: said in one place, as data. */
import { describe, expect, it } from 'vitest';
import { followUpOf } from '../../../src/reconciler/controller/follow-up.ts';
import { decide } from '../../../src/reconciler/decide.ts';
import type { Cause, Decision } from '../../../src/reconciler/model.ts';
import { rowOf, type Row } from '../../../src/reconciler/report.ts';
import { unreadable, type RecipeView } from '../../../src/reconciler/view.ts';
import { context, fleet, generation, HOUR, manifest, NOW, record, tag, view } from '../world.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.0';

interface Seen {
  decision: Decision;
  row: Row;
}

function look(seen: RecipeView): Seen {
  const decision = decide(seen, fleet([seen]), context());
  return { decision, row: rowOf(decision, seen, { after: [], acted: null, now: NOW }) };
}

const inSync = view({ tags: [tag(V1)], record: record(V1, 1), generations: [generation(1, V1)] });
const drifted = view({ tags: [tag(V1), tag(V2)], record: record(V1, 1), generations: [generation(1, V1)] });
const suspend = { reason: 'no', by: null, until: new Date(NOW.getTime() + HOUR).toISOString() };
const suspended = { ...drifted, manifest: manifest({ suspend }) };

function followUp(seen: RecipeView, before: RecipeView | null, cause: Cause = 'scan', isRemembered = true) {
  const { decision, row } = look(seen);
  const was = before === null ? null : look(before).row;
  return followUpOf(decision, { before: was, row, cause, now: NOW, isRemembered });
}

describe('a look', () => {
  it('at what is in sync leads to nothing', () => {
    expect(followUp(inSync, inSync)).toEqual({
      tryAs: null,
      lookAgainInMs: null,
      lookAgainAfterBackoff: false,
      lookAtDependents: false,
    });
  });

  it.each<[string, RecipeView | null, Cause, Cause]>([
    ['as a release where nothing but a scan found it', inSync, 'scan', 'release'],
    ['as what it was found for where that is more urgent', inSync, 'webhook', 'webhook'],
    ['as a scan where it is no news', drifted, 'scan', 'scan'],
    ['as a scan at the first look', null, 'scan', 'scan'],
  ])('at what drifted leads to a trial, %s', (_name, before, cause, as) => {
    expect(followUp(drifted, before, cause).tryAs).toBe(as);
  });

  it('at what waits for a time leads to one just after it', () => {
    const { tryAs, lookAgainInMs } = followUp(suspended, suspended);
    expect(tryAs).toBeNull();
    expect(lookAgainInMs).toBeGreaterThan(HOUR);
    expect(lookAgainInMs).toBeLessThan(HOUR + 1000);
  });

  it('at what is suspended leads to one just after its end, also where nothing waits for that', () => {
    const { lookAgainInMs } = followUp({ ...inSync, manifest: manifest({ suspend }) }, inSync);
    expect(lookAgainInMs).toBeGreaterThan(HOUR);
    expect(lookAgainInMs).toBeLessThan(HOUR + 1000);
  });

  it('at what cannot be read leads to another, later and later', () => {
    const seen = { ...inSync, refs: unreadable<never>('timeout') };
    expect(followUp(seen, inSync)).toMatchObject({ tryAs: null, lookAgainAfterBackoff: true });
  });

  it('at a wrong manifest does not: it is looked at when it is edited', () => {
    const invalid = { name: 'app', file: 'app.yaml', problems: [] };
    expect(followUp({ ...inSync, invalid }, inSync).lookAgainAfterBackoff).toBe(false);
  });

  it('that could not be remembered leads to another', () => {
    expect(followUp(inSync, inSync, 'scan', false).lookAgainAfterBackoff).toBe(true);
  });

  it('that finds another canonical leads to looks at those that need it', () => {
    const advanced = view({ tags: [tag(V1)], record: record(V1, 2), generations: [generation(2, V1)] });
    expect(followUp(advanced, inSync).lookAtDependents).toBe(true);
    const damage = [{ kind: 'missing', what: 'volume data' }] as const;
    const damaged = view({
      tags: [tag(V1)],
      record: record(V1, 1),
      generations: [generation(1, V1, { damage })],
    });
    expect(followUp(damaged, inSync).lookAtDependents).toBe(true);
    expect(followUp(inSync, null).lookAtDependents).toBe(false);
  });
});
