import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { age, bytes, duration, durationOrNone, milliseconds, size } from '../../src/desired/quantities.ts';

function faultOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

test.each([
  ['0s', 0],
  ['90s', 90_000],
  ['10m', 600_000],
  ['6h', 21_600_000],
  ['7d', 604_800_000],
])('%s is %d milliseconds', (text, expected) => {
  expect(milliseconds(text)).toBe(expected);
});

test.each([
  ['1KiB', 1024],
  ['500MiB', 524_288_000],
  ['200GiB', 214_748_364_800],
  ['2TiB', 2_199_023_255_552],
])('%s is %d bytes', (text, expected) => {
  expect(bytes(text)).toBe(expected);
});

describe('refused', () => {
  test.each([90, '90', '1.5h', '-1s', '1h30m', 's', '', ' 1s', '1s ', '1S', '1w', '٣s', null, []])(
    'as a duration: %j',
    (value) => {
      expect(faultOf(durationOrNone, value)).toMatch(/^expected a duration such as 90s, 10m, 6h or 7d, got /);
    },
  );

  test.each([1, '1', '500MB', '1.5GiB', '-1MiB', '1 GiB', 'GiB'])('as a size: %j', (value) => {
    expect(faultOf(size, value)).toMatch(/^expected a size such as 500MiB or 200GiB, got /);
  });

  test('no time at all, where there must be some', () => {
    expect(faultOf(duration, '0s')).toContain('longer than 0s');
    expect(durationOrNone.parse('0s')).toBe(0);
  });

  test('a budget of nothing', () => {
    expect(faultOf(size, '0GiB')).toContain('above zero');
  });

  test('a deadline that no timer of the runtime can hold', () => {
    expect(faultOf(duration, '25d')).toBe('expected a duration of at most 24d, got "25d"');
    expect(duration.parse('24d')).toBeLessThan(2 ** 31);
    expect(age.parse('25d')).toBe(25 * 86_400_000);
  });

  test('numbers that cannot be counted exactly', () => {
    expect(faultOf(age, '99999999999999999999d')).toContain('at most 3650d');
    expect(faultOf(size, '99999999999999999999TiB')).toContain('counted in bytes');
  });
});

test('every accepted duration is a whole number of milliseconds that a timer can hold', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.constantFrom('s', 'm', 'h', 'd'), (amount, unit) => {
      const result = durationOrNone.safeParse(`${amount}${unit}`);
      if (!result.success) return;
      expect(Number.isInteger(result.data)).toBe(true);
      expect(result.data).toBeLessThan(2 ** 31);
    }),
  );
});
