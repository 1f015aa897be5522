import { describe, expect, it } from 'vitest';
import { relationOf } from '../../src/reconciler/audit-overlap.ts';
import type { TrialRecord, Uptime } from '../../src/reconciler/model.ts';
import { boot, greenTrial, V1, V2 } from './audit-evidence.ts';
import { DAY, HOUR } from './world.ts';

type Span = { start: Uptime; end: Uptime | null } | null;

/** By the wall clock, hours after some morning; null where it did not end. */
function ran(wall: readonly [number, number | null], uptime: Span, host = 'host'): Partial<TrialRecord> {
  const at = (hours: number): string => new Date(1_750_000_000_000 + hours * HOUR).toISOString();
  const [start, end] = wall;
  return {
    startedAt: at(start),
    endedAt: end === null ? null : at(end),
    uptime,
    instance: { host, pid: 1, term: host },
  };
}

const up = (from: string, start: number, end: number, to = from): Span => ({
  start: boot(from, start * HOUR),
  end: boot(to, end * HOUR),
});
const open = (from: string, start: number): Span => ({ start: boot(from, start * HOUR), end: null });
const YEAR = (365 * DAY) / HOUR;

describe('two trials of one recipe', () => {
  it.each<[string, Partial<TrialRecord>, Partial<TrialRecord>, string]>([
    ['one after the other', ran([0, 1], up('a', 0, 1)), ran([2, 3], up('a', 2, 3)), 'apart'],
    ['one right after the other', ran([0, 1], up('a', 0, 1)), ran([1, 2], up('a', 1, 2)), 'apart'],
    ['at once', ran([0, 2], up('a', 0, 2)), ran([1, 3], up('a', 1, 3)), 'overlapping'],
    ['one inside the other', ran([0, 3], up('a', 0, 3)), ran([1, 2], up('a', 1, 2)), 'overlapping'],
    [
      'apart, though the clock was set back a day in the first',
      ran([24, 1], up('a', 0, 1)),
      ran([0.5, 3], up('a', 2, 4)),
      'apart',
    ],
    [
      'apart, though the clock was a year ahead at the end of the first',
      ran([0, YEAR], up('a', 0, 1)),
      ran([2, 3], up('a', 2, 3)),
      'apart',
    ],
    [
      'at once, though the clock was set so that they seem apart',
      ran([0, 2], up('a', 0, 2)),
      ran([24, 26], up('a', 1, 3)),
      'overlapping',
    ],
    [
      'before and after a start of the machine, whatever its clock said',
      ran([0, YEAR], up('a', 5, 6)),
      ran([1, 2], up('b', 0, 1)),
      'apart',
    ],
    [
      'one closed after a start of the machine, before the other began',
      ran([0, 3], up('a', 5, 1, 'b')),
      ran([3, 4], up('b', 1, 2)),
      'apart',
    ],
    [
      'one closed after a start of the machine, while the other ran',
      ran([0, 3], up('a', 5, 2, 'b')),
      ran([2, 4], up('b', 1, 3)),
      'overlapping',
    ],
    ['one still open, begun later', ran([0, 1], up('a', 0, 1)), ran([2, null], open('a', 2)), 'apart'],
    [
      'one still open, begun meanwhile',
      ran([0, 2], up('a', 0, 2)),
      ran([1, null], open('a', 1)),
      'overlapping',
    ],
    ['one open since a later start', ran([0, 1], up('a', 5, 6)), ran([2, null], open('b', 0)), 'apart'],
    ['on two machines, apart', ran([0, 1], up('a', 5, 6)), ran([2, 3], up('b', 1, 2), 'other'), 'apart'],
    [
      'on two machines, at once',
      ran([0, 2], up('a', 5, 7)),
      ran([1, 3], up('b', 1, 3), 'other'),
      'overlapping',
    ],
    [
      'on two machines, of which one had its clock set',
      ran([0, YEAR], up('a', 5, 6)),
      ran([1, 3], up('b', 1, 3), 'other'),
      'unknown',
    ],
    ['without uptimes, apart', ran([0, 1], null), ran([1, 2], null), 'apart'],
    ['without uptimes, at once', ran([0, 2], null), ran([1, 3], up('a', 1, 3)), 'overlapping'],
    ['without uptimes, one ended before it began', ran([2, 1], null), ran([1, 3], null), 'unknown'],
  ])('%s', (_, one, other, expected) => {
    const [a, b] = [greenTrial(1, V1, one), greenTrial(2, V2, other)];
    expect(relationOf(a, b).is).toBe(expected);
    expect(relationOf(b, a).is).toBe(expected);
  });
});
