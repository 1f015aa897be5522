/** Durations and sizes as manifests write them. */
import { z } from 'zod';
import { expected } from './words.ts';

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const DURATION_UNITS = { s: SECOND, m: 60 * SECOND, h: 60 * 60 * SECOND, d: DAY };
const SIZE_UNITS = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** A timer of the runtime that is set for longer than 2^31 ms, some 24.8 days, fires at once. */
const LONGEST_TIMER = { text: '24d', ms: 24 * DAY };
const LONGEST_AGE = { text: '3650d', ms: 3650 * DAY };

/** `90s` in milliseconds; null where the text is no duration. */
export function milliseconds(text: string): number | null {
  return quantity(text, /^(\d{1,9})(s|m|h|d)$/, DURATION_UNITS);
}

/** `500MiB` in bytes; null where the text is no size. */
export function bytes(text: string): number | null {
  return quantity(text, /^(\d{1,9})(KiB|MiB|GiB|TiB)$/, SIZE_UNITS);
}

function quantity(text: string, pattern: RegExp, units: Readonly<Record<string, number>>): number | null {
  const [, amount = '', unit = ''] = pattern.exec(text) ?? [];
  const factor = units[unit];
  const value = factor === undefined ? Number.NaN : Number(amount) * factor;
  return Number.isSafeInteger(value) ? value : null;
}

function durationUpTo(longest: { text: string; ms: number }, least: number) {
  const what = 'a duration such as 90s, 10m, 6h or 7d';
  return z
    .string({ error: expected(what) })
    .regex(/^\d+[smhd]$/, { error: expected(what), abort: true })
    .refine((text) => (milliseconds(text) ?? Infinity) <= longest.ms, {
      error: expected(`a duration of at most ${longest.text}`),
      abort: true,
    })
    .refine((text) => (milliseconds(text) ?? 0) >= least, { error: expected('a duration longer than 0s') })
    .transform((text) => milliseconds(text) ?? 0);
}

/** What a timer is set to: a deadline, an interval. */
export const duration = durationUpTo(LONGEST_TIMER, 1);

/** As `duration`, where none at all is meaningful. */
export const durationOrNone = durationUpTo(LONGEST_TIMER, 0);

/** What is compared with the clock rather than waited for. */
export const age = durationUpTo(LONGEST_AGE, 1);
export const ageOrNone = durationUpTo(LONGEST_AGE, 0);

export const size = z
  .string({ error: expected('a size such as 500MiB or 200GiB') })
  .regex(/^\d+(KiB|MiB|GiB|TiB)$/, { error: expected('a size such as 500MiB or 200GiB'), abort: true })
  .refine((text) => (bytes(text) ?? 0) > 0, {
    error: expected('a size above zero that can be counted in bytes'),
  })
  .transform((text) => bytes(text) ?? 0);
