import { describe, expect, it } from 'vitest';
import { isCron } from '../../src/desired/cron.ts';

describe('a cron expression', () => {
  it.each(['0 3 * * 0', '*/15 0-6 1,15 jan-mar mon-fri', '59 23 31 12 7', ' 0 3 * * SUN ', '1-59/2 * * * *'])(
    '%j is one',
    (text) => {
      expect(isCron(text)).toBe(true);
    },
  );

  it.each([
    ...['', '* * * *', '* * * * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 * ', '* * * * 8'],
    ...[
      '5-1 * * * *',
      '*/0 * * * *',
      '1/2/3 * * * *',
      'a * * * *',
      '1- * * * *',
      '-1 * * * *',
      '1,,2 * * * *',
      '@weekly',
    ],
  ])('%j is none', (text) => {
    expect(isCron(text)).toBe(false);
  });
});
