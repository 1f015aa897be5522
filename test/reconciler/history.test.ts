import { describe, expect, it } from 'vitest';
import { lasted, newestFirst } from '../../src/reconciler/history.ts';
import { HOUR, NOW, trial } from './world.ts';

const at = (hours: number): string => new Date(NOW.getTime() + hours * HOUR).toISOString();
const ran = (recipe: string, generation: number, hours: number) =>
  trial({ recipe, generation, id: `${recipe}-${generation}`, startedAt: at(hours) });

describe('trials, newest first', () => {
  const order = (...recipes: Parameters<typeof newestFirst>[0]) => newestFirst(recipes).map(({ id }) => id);

  it('are those of all recipes, by the clock', () => {
    expect(order([ran('a', 1, 0), ran('a', 2, 2)], [ran('b', 1, 1)], [])).toEqual(['a-2', 'b-1', 'a-1']);
  });

  it('of one recipe are in the order in which they reserved their numbers, however the clock was set', () => {
    expect(order([ran('a', 1, 0), ran('a', 2, 8760), ran('a', 3, 1)])).toEqual(['a-3', 'a-2', 'a-1']);
    expect(order([ran('a', 1, 0), ran('a', 2, 8760), ran('a', 3, 1)], [ran('b', 1, 2)])).toEqual([
      ...['b-1', 'a-3', 'a-2', 'a-1'],
    ]);
  });

  it('are none where there are none', () => {
    expect(order([], [])).toEqual([]);
  });
});

describe('how long a trial lasted', () => {
  const start = { bootId: 'boot', ms: 1000 };

  it('is told by uptime, where the clock went back meanwhile', () => {
    const set = trial({ startedAt: at(0), endedAt: at(-24), uptime: { start, end: { ...start, ms: 4000 } } });
    expect(lasted(set)).toBe(3000);
  });

  it('is told by the clock where nothing else can, and is never negative', () => {
    const uptime = { start, end: { bootId: 'another', ms: 0 } };
    expect(lasted(trial({ startedAt: at(0), endedAt: at(1), uptime }))).toBe(HOUR);
    expect(lasted(trial({ startedAt: at(0), endedAt: at(-1), uptime: null }))).toBe(0);
  });

  it('is not known while it runs', () => {
    expect(lasted(trial({ endedAt: null, uptime: { start, end: null } }))).toBeNull();
  });
});
