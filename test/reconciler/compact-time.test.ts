import { expect, it } from 'vitest';
import { compactTime, fromCompactTime } from '../../src/reconciler/compact-time.ts';

it('is read back as it was written, to the second', () => {
  expect(compactTime(new Date('2026-06-17T06:55:32.123Z'))).toBe('20260617T065532Z');
  expect(fromCompactTime('20260617T065532Z')).toBe('2026-06-17T06:55:32.000Z');
});

it.each(['', 'yesterday', '2026-06-17T06:55:32Z', '20261317T065532Z', '20260617T065532'])(
  'is null for what is no such time: "%s"',
  (text) => {
    expect(fromCompactTime(text)).toBeNull();
  },
);
