import { describe, expect, it } from 'vitest';
import { cronCalendar } from '../../src/desired/cron.ts';
import type { MaintenanceWindow, Manifest, RecipeMemory, TrialRecord } from '../../src/reconciler/model.ts';
import { unreadable, type FleetView } from '../../src/reconciler/view.ts';
import { decideWithin, openingSince, windowAt } from '../../src/reconciler/windows.ts';
import {
  context,
  DAY,
  fleet,
  generation,
  HOUR,
  manifest,
  memory,
  record,
  tag,
  trial,
  view,
  type Sketch,
} from './world.ts';

const MINUTE = 60_000;
const V1 = '1.0.0+1.0';
const V2 = '2.0.0+2.0';

/** As the old timer was: Sunday 03:00, here until 15:00. 2026-06-21 is a Sunday. */
const weekly: MaintenanceWindow = { schedule: '0 3 * * 0', timezone: 'UTC', durationMs: 12 * HOUR };
const SUNDAY = '2026-06-21T03:00:00.000Z';
const NEXT_SUNDAY = '2026-06-28T03:00:00.000Z';
const at = (text: string) => new Date(text);
const since = (lastLook: string | null, now: string, window: MaintenanceWindow | null = weekly) =>
  openingSince(
    lastLook === null ? null : at(lastLook),
    at(now),
    { window, intervalMs: 10 * MINUTE },
    cronCalendar,
  )?.toISOString() ?? null;
const shown = (now: string, window: MaintenanceWindow | null = weekly) =>
  windowAt(at(now), window, cronCalendar);

describe('a window', () => {
  it.each([
    ['2026-06-21T02:59:59.999Z', { open: false, nextAt: SUNDAY }],
    [SUNDAY, { open: true }],
    ['2026-06-21T14:59:59.999Z', { open: true }],
    ['2026-06-21T15:00:00.000Z', { open: false, nextAt: NEXT_SUNDAY }],
  ])('from its opening on, at %s, is %j', (now, expected) => {
    expect(shown(now)).toEqual(expected);
  });

  it('is always open where there is none', () => {
    expect(shown(SUNDAY, null)).toEqual({ open: true });
  });

  it('that lasts longer than what lies between its openings never closes', () => {
    const overlapping = { ...weekly, durationMs: 8 * DAY };
    for (let now = Date.parse(SUNDAY); now < Date.parse(NEXT_SUNDAY) + 2 * DAY; now += HOUR)
      expect(shown(new Date(now).toISOString(), overlapping)).toEqual({ open: true });
  });

  it('of two that overlap is open until the later one ends', () => {
    const twice = { schedule: '0 3,4 * * 0', timezone: 'UTC', durationMs: 90 * MINUTE };
    expect(shown('2026-06-21T05:29:00Z', twice)).toEqual({ open: true });
    expect(shown('2026-06-21T05:30:00Z', twice)).toEqual({ open: false, nextAt: NEXT_SUNDAY });
  });

  it('lasts as long on the day when the clock is set as on any other', () => {
    // 02:30 does not exist on this Sunday: it opens when the clock goes from 02:00 to 03:00.
    const spring = { schedule: '30 2 * * 0', timezone: 'Europe/Berlin', durationMs: HOUR };
    expect(shown('2026-03-29T00:59:59Z', spring)).toMatchObject({ open: false });
    expect(shown('2026-03-29T01:00:00Z', spring)).toEqual({ open: true });
    expect(shown('2026-03-29T01:59:59Z', spring)).toEqual({ open: true });
    expect(shown('2026-03-29T02:00:00Z', spring)).toMatchObject({ open: false });
    // 02:30 comes twice on this one, and the window opens once.
    expect(shown('2026-10-25T00:30:00Z', spring)).toEqual({ open: true });
    expect(shown('2026-10-25T01:30:00Z', spring)).toEqual({
      open: false,
      nextAt: '2026-11-01T01:30:00.000Z',
    });
  });
});

describe('a look', () => {
  it.each([
    ['before an opening follows none', '2026-06-21T02:40:00Z', '2026-06-21T02:50:00Z', null],
    ['is the first after an opening', '2026-06-21T02:55:00Z', '2026-06-21T03:05:00Z', SUNDAY],
    ['at the moment of an opening follows it', '2026-06-21T02:55:00Z', SUNDAY, SUNDAY],
    ['is the second after an opening', SUNDAY, '2026-06-21T03:05:00Z', null],
    ['is the first outside', '2026-06-21T14:55:00Z', '2026-06-21T15:05:00Z', null],
    [
      'comes after an opening that passed while nothing ran',
      '2026-06-20T12:00:00Z',
      '2026-06-22T09:00:00Z',
      SUNDAY,
    ],
    ['comes weeks later', '2026-06-20T12:00:00Z', '2026-08-01T09:00:00Z', SUNDAY],
    [
      'comes after the rest of a window passed while nothing ran',
      '2026-06-21T04:00:00Z',
      '2026-06-21T20:00:00Z',
      SUNDAY,
    ],
    ['comes after an absence between windows', '2026-06-21T20:00:00Z', '2026-06-24T20:00:00Z', null],
    ['of a clock that was set back', '2027-01-01T00:00:00Z', '2026-06-22T09:00:00Z', null],
    ['is the first of all', null, '2026-06-22T09:00:00Z', null],
  ])('that %s', (_, lastLook, now, opening) => {
    expect(since(lastLook, now)).toBe(opening);
  });

  it('follows no opening where there is no window', () => {
    expect(since('2026-06-20T12:00:00Z', '2026-06-22T09:00:00Z', null)).toBeNull();
  });
});

const warm: Sketch = { record: record(V1, 1), generations: [generation(1, V1)], tags: [tag(V1)] };
const drifted: Sketch = { ...warm, tags: [tag(V1), tag(V2)] };
const closed: FleetView['window'] = { open: false, nextAt: NEXT_SUNDAY };

interface Looked {
  sketch?: Sketch;
  over?: Partial<RecipeMemory>;
  window?: FleetView['window'];
  opening?: string | null;
  now?: string;
  freeze?: boolean;
}

/** One look: what it decides, and what it remembers of being due. */
function look({ sketch = drifted, over = {}, window = closed, opening = null, now, freeze = false }: Looked) {
  const one = view({ ...sketch, memory: memory(over) });
  const pause = { reason: 'holidays', by: null, until: null };
  const all = fleet([one], { window, settings: freeze ? { freeze: pause } : {} });
  const instant = context(now === undefined ? {} : { now: at(now) });
  const { view: after, decision } = decideWithin(one, all, instant, opening === null ? null : at(opening));
  return {
    decision: decision.decision,
    reason: decision.reason,
    nextAt: decision.nextAt,
    dueSince: after.memory.readable ? after.memory.value.dueSince : undefined,
    memory: after.memory,
  };
}

describe('what is due when the window opens', () => {
  it('is served, and remembered as due', () => {
    expect(look({ window: { open: true }, opening: SUNDAY })).toMatchObject({
      decision: 'advance',
      dueSince: SUNDAY,
    });
  });

  it('is served past its closing', () => {
    expect(look({ over: { dueSince: SUNDAY } })).toMatchObject({ decision: 'advance', dueSince: SUNDAY });
  });

  it('is caught up where the opening passed while nothing ran', () => {
    expect(look({ opening: SUNDAY })).toMatchObject({ decision: 'advance', dueSince: SUNDAY });
  });

  it('is no longer due once it is in sync', () => {
    expect(look({ sketch: warm, over: { dueSince: SUNDAY } })).toMatchObject({
      decision: 'in-sync',
      dueSince: null,
    });
  });

  it('stays due while something cannot be read', () => {
    const away = { ...fleet([]), driver: unreadable<null>('no answer') };
    const one = view({ ...drifted, memory: memory({ dueSince: SUNDAY }) });
    const { view: after, decision } = decideWithin(one, away, context(), null);
    expect(decision.decision).toBe('unknown');
    expect(after).toBe(one);
  });

  it('waits for its dependency and is still due then', () => {
    const needy: Sketch = { ...drifted, manifest: manifest({ dependsOn: [{ name: 'db', provide: [] }] }) };
    expect(look({ sketch: needy, window: { open: true }, opening: SUNDAY })).toMatchObject({
      reason: 'dependency-not-ready',
      dueSince: SUNDAY,
    });
  });

  it('is remembered by the same object where nothing changed (invariant I4)', () => {
    const one = view({ ...drifted, memory: memory({ dueSince: SUNDAY }) });
    expect(decideWithin(one, fleet([one], { window: closed }), context(), null).view).toBe(one);
  });

  it('is not known where the memory cannot be read, and nothing acts', () => {
    const one = { ...view(drifted), memory: unreadable<RecipeMemory>('damaged') };
    const { decision } = decideWithin(one, fleet([one], { window: closed }), context(), at(SUNDAY));
    expect(decision).toMatchObject({ decision: 'unknown', reason: 'record-unreadable', plan: null });
  });
});

describe('what is not due when the window opens', () => {
  it('waits, and says until when', () => {
    expect(look({})).toMatchObject({
      decision: 'held',
      reason: 'outside-window',
      nextAt: NEXT_SUNDAY,
      dueSince: null,
    });
  });

  it('is served while it is open, and waits once it has closed', () => {
    const inside = look({ window: { open: true } });
    expect(inside).toMatchObject({ decision: 'advance', dueSince: null });
    expect(look({}).reason).toBe('outside-window');
  });

  const tooYoung: Manifest = manifest({ release: { ignore: [], prerelease: false, minAgeMs: DAY } });
  const until = { reason: 'broken', by: null, until: null };
  it.each<[string, Looked, string]>([
    ['suspended', { sketch: { ...drifted, manifest: manifest({ suspend: until }) } }, 'suspended'],
    ['frozen', { freeze: true }, 'frozen'],
    ['too young', { sketch: { ...drifted, manifest: tooYoung } }, 'release-too-young'],
  ])('is what is %s, which then waits for the next one', (_, looked, reason) => {
    expect(look({ ...looked, opening: SUNDAY })).toMatchObject({ reason, dueSince: null });
    expect(look({ ...looked, over: { dueSince: SUNDAY } })).toMatchObject({ reason, dueSince: null });
  });

  const failed = (verdict: TrialRecord['verdict']): Sketch => {
    const one = view(drifted);
    const { decision } = decideWithin(one, fleet([one]), context(), null);
    const now = context().now.toISOString();
    const inputs = decision.plan?.inputs ?? '';
    return {
      ...drifted,
      trials: [trial({ version: V2, verdict, inputs, endedAt: now, retryAfterMs: HOUR })],
    };
  };
  it.each(['red', 'timeout'] as const)('is what was served and is %s', (verdict) => {
    expect(look({ sketch: failed(verdict), over: { dueSince: SUNDAY } })).toMatchObject({
      reason: 'failed-same-inputs',
      dueSince: null,
    });
  });

  it.each(['infra', 'interrupted'] as const)(
    'is not what failed for reasons of ours (%s): it is tried again past its closing',
    (verdict) => {
      const sketch = failed(verdict);
      const waiting = look({ sketch, over: { dueSince: SUNDAY } });
      expect(waiting).toMatchObject({ reason: 'failed-same-inputs', dueSince: SUNDAY });
      const now = new Date(context().now.getTime() + HOUR).toISOString();
      expect(look({ sketch, over: { dueSince: SUNDAY }, now }).decision).toBe('advance');
    },
  );
});
