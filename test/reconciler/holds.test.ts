import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchorHolds, DEFAULT_RETRY, holdOn, retryDelay } from '../../src/reconciler/holds.ts';
import type { Verdict } from '../../src/reconciler/model.ts';
import { DAY, HOUR, NOW, trial } from './world.ts';

const after = (...verdicts: Verdict[]) => verdicts.map((verdict) => ({ verdict }));
/** With this the whole delay is drawn, with 0 half of it. */
const WHOLE = 1;

describe('the delay after a trial', () => {
  it.each<[string, Verdict, Verdict[], number | null]>([
    ['a first red', 'red', [], 6 * HOUR],
    ['a second red doubles', 'red', ['red'], 12 * HOUR],
    ['a timeout counts with the reds', 'timeout', ['red', 'timeout'], 24 * HOUR],
    ['reds are capped', 'red', Array<Verdict>(12).fill('red'), 6 * DAY],
    ['a green between begins anew', 'red', ['green', 'red', 'red'], 6 * HOUR],
    ['a first infra', 'infra', [], 30_000],
    ['a third infra', 'infra', ['infra', 'infra'], 120_000],
    ['infras are capped', 'infra', Array<Verdict>(20).fill('infra'), HOUR],
    ['a red before does not lengthen an infra', 'infra', ['red'], 30_000],
    ['green', 'green', ['red'], null],
    ['superseded', 'superseded', ['superseded', 'superseded', 'superseded'], null],
    ['a first interruption', 'interrupted', [], null],
    ['a second interruption', 'interrupted', ['interrupted'], null],
    ['a third interruption counts as infra', 'interrupted', ['interrupted', 'interrupted'], 30_000],
    ['a fifth interruption', 'interrupted', Array<Verdict>(4).fill('interrupted'), 120_000],
  ])('%s', (_, verdict, earlier, delay) => {
    expect(retryDelay(verdict, after(...earlier), DEFAULT_RETRY, WHOLE)).toBe(delay);
  });

  it('is never below half of what it could be, nor above it', () => {
    const verdicts = fc.constantFrom<Verdict>('red', 'timeout', 'infra');
    fc.assert(
      fc.property(
        verdicts,
        fc.array(verdicts, { maxLength: 30 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (verdict, earlier, random) => {
          const drawn = retryDelay(verdict, after(...earlier), DEFAULT_RETRY, random) ?? 0;
          const whole = retryDelay(verdict, after(...earlier), DEFAULT_RETRY, WHOLE) ?? 0;
          expect(drawn).toBeGreaterThanOrEqual(whole / 2);
          expect(drawn).toBeLessThanOrEqual(whole);
        },
      ),
    );
  });
});

describe('a hold', () => {
  const at = (ms: number) => new Date(NOW.getTime() + ms);
  const instant = (ms: number) => ({ now: at(ms), uptime: { bootId: 'boot', ms: DAY + ms } });
  const now = instant(0);
  const red = trial({ id: 'red', endedAt: at(-HOUR).toISOString(), retryAfterMs: 6 * HOUR });

  it('lasts its delay from the end of its trial, and no longer', () => {
    expect(holdOn('inputs', [red], {}, now)?.until).toEqual(at(5 * HOUR));
    expect(holdOn('inputs', [red], {}, instant(5 * HOUR))).toBeNull();
  });

  it('is only on the same inputs', () => {
    expect(holdOn('other inputs', [red], {}, now)).toBeNull();
  });

  it('of a red is not shortened by an infra that came after it', () => {
    const infra = trial({ id: 'infra', verdict: 'infra', endedAt: NOW.toISOString(), retryAfterMs: 30_000 });
    expect(holdOn('inputs', [infra, red], {}, now)?.trial.id).toBe('red');
  });

  it('whose trial ended in the future counts from now, once, and so becomes never eternal', () => {
    const future = trial({ id: 'future', endedAt: at(365 * DAY).toISOString(), retryAfterMs: 6 * HOUR });
    expect(holdOn('inputs', [future], {}, now)?.until).toEqual(at(6 * HOUR));
    const anchors = anchorHolds([future], {}, now);
    expect(anchors).toEqual({ future: NOW.toISOString() });
    expect(anchorHolds([future], anchors, instant(HOUR))).toBe(anchors);
    expect(holdOn('inputs', [future], anchors, instant(HOUR))?.until).toEqual(at(6 * HOUR));
    expect(holdOn('inputs', [future], anchors, instant(6 * HOUR))).toBeNull();
  });

  it('remembers nothing of trials that ended in the past, nor of those that uptime can tell', () => {
    const none = {};
    expect(anchorHolds([red], none, now)).toBe(none);
    expect(anchorHolds([red], { gone: NOW.toISOString() }, now)).toEqual({});
    const end = { bootId: 'boot', ms: DAY - HOUR };
    const ahead = trial({ endedAt: at(365 * DAY).toISOString(), uptime: { start: end, end } });
    expect(anchorHolds([ahead], none, now)).toBe(none);
    expect(holdOn('inputs', [ahead], none, now)?.until).toEqual(at(5 * HOUR));
  });
});
