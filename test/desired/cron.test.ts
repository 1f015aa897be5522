import { describe, expect, it } from 'vitest';
import { cronCalendar, everComes, isCron } from '../../src/desired/cron.ts';

const HOUR = 3_600_000;

describe('a cron expression', () => {
  it.each([
    ...['0 3 * * 0', '*/15 0-6 1,15 jan-mar mon-fri', '59 23 31 12 7', ' 0 3 * * SUN ', '1-59/2 * * * *'],
    ...['0 3 L * *', '0 3 * * 5#2', '0 3 * * 5L'],
  ])('%j is one', (text) => {
    expect(isCron(text)).toBe(true);
  });

  it.each([
    ...['', '* * * *', '* * * * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 * ', '* * * * 8'],
    ...['5-1 * * * *', '*/0 * * * *', '1/2/3 * * * *', 'a * * * *', '1- * * * *', '-1 * * * *'],
    ...['1,,2 * * * *', '@weekly', '? 3 * * 0', '* * * * 5#6'],
  ])('%j is none', (text) => {
    expect(isCron(text)).toBe(false);
  });
});

describe('a schedule', () => {
  it.each(['0 3 29 2 *', '0 3 31 12 *', '0 3 30 2 0'])('%j comes some time', (text) => {
    expect(everComes(text)).toBe(true);
  });

  it.each(['0 3 30 2 *', '0 3 31 2,4,6,9,11 *'])('%j never comes', (text) => {
    expect(everComes(text)).toBe(false);
  });
});

describe('the next opening', () => {
  it.each([
    ['just before it', '2026-01-04T02:59:59.999Z', '2026-01-04T03:00:00.000Z'],
    ['at it, is the one after it', '2026-01-04T03:00:00.000Z', '2026-01-11T03:00:00.000Z'],
    ['right after it', '2026-01-04T03:00:00.001Z', '2026-01-11T03:00:00.000Z'],
  ])('%s', (_, after, opening) => {
    expect(next('0 3 * * 0', 'UTC', after)).toBe(opening);
  });

  it('of a leap day is years away, across a century without one too', () => {
    expect(next('0 3 29 2 *', 'UTC', '2096-03-01T00:00:00Z')).toBe('2104-02-29T03:00:00.000Z');
  });

  it.each([
    ['Europe/Berlin', '30 2 * * 0', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['Europe/Berlin', '30 1,2 * * *', '2026-03-29T00:30:00Z', '2026-03-29T01:00:00.000Z'],
    ['Australia/Lord_Howe', '15 2 * * 0', '2026-10-03T12:00:00Z', '2026-10-03T15:30:00.000Z'],
    ['Antarctica/Troll', '30 1 * * *', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['America/Santiago', '30 0 * * *', '2026-09-05T12:00:00Z', '2026-09-06T04:00:00.000Z'],
  ])(
    'in %s, of %j at a time that is skipped, is the moment of the skip',
    (zone, schedule, after, opening) => {
      expect(next(schedule, zone, after)).toBe(opening);
    },
  );

  it.each([
    [
      'Europe/Berlin',
      '30 2 * * *',
      '2026-10-24T12:00:00Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ],
    [
      'Australia/Lord_Howe',
      '45 1 * * *',
      '2026-04-04T12:00:00Z',
      '2026-04-04T14:45:00.000Z',
      '2026-04-05T15:15:00.000Z',
    ],
  ])(
    'in %s, of %j at a time that is repeated, is the first one only',
    (zone, schedule, after, first, second) => {
      expect(next(schedule, zone, after)).toBe(first);
      expect(next(schedule, zone, first)).toBe(second);
      expect(next(schedule, zone, new Date(Date.parse(first) + HOUR).toISOString())).toBe(second);
    },
  );

  it.each([
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Pacific/Apia',
  ])(
    'in %s, every day of a year, is where that zone shows its time, or where that time is skipped',
    (zone) => {
      const shows = clockOf(zone);
      const openings = openingsOf('30 2 * * *', zone, '2026-01-01T00:00:00Z', 364);
      const skipped = openings.filter((opening) => shows(opening) !== '02:30');
      // Nothing is shown for half an hour or more before: there the clock was set.
      for (const opening of skipped) {
        expect(shows(opening) > '02:30').toBe(true);
        expect(shows(opening - 60_000) < '02:30').toBe(true);
      }
      expect(skipped.length).toBeLessThanOrEqual(1);
      for (const [index, opening] of openings.slice(1).entries()) {
        const gap = opening - (openings[index] ?? 0);
        expect(gap).toBeGreaterThanOrEqual(23 * HOUR);
        expect(gap).toBeLessThanOrEqual(25 * HOUR);
      }
    },
  );

  it('of what has no fixed hour goes on through a repeated hour', () => {
    const openings = openingsOf('*/30 * * * *', 'Europe/Berlin', '2026-10-24T23:59:00Z', 8);
    expect(openings.map((each) => new Date(each).toISOString().slice(11, 16))).toEqual([
      ...['00:00', '00:30', '01:00', '01:30', '02:00', '02:30', '03:00', '03:30'],
    ]);
  });
});

function next(schedule: string, timezone: string, after: string): string | undefined {
  return cronCalendar.nextOpening({ schedule, timezone, durationMs: HOUR }, new Date(after))?.toISOString();
}

function openingsOf(schedule: string, timezone: string, after: string, count: number): number[] {
  const openings: number[] = [];
  for (let from = after; openings.length < count;) {
    from = next(schedule, timezone, from) ?? '';
    openings.push(Date.parse(from));
  }
  return openings;
}

/** What a clock on the wall shows in a zone. */
function clockOf(timeZone: string): (at: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  return (at) => format.format(at);
}
