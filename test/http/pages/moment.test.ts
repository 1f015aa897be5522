import { describe, expect, it } from 'vitest';
import { age, moment, since } from '../../../src/http/pages/moment.ts';

const NOW = new Date('2026-06-21T09:30:00.000Z');
const SECOND = 1000;

describe('an age', () => {
  it.each([
    [0, '0 s'],
    [119 * SECOND, '119 s'],
    [120 * SECOND, '2 min'],
    [119 * 60 * SECOND, '119 min'],
    [2 * 3600 * SECOND, '2 h'],
    [47 * 3600 * SECOND, '47 h'],
    [48 * 3600 * SECOND, '2 d'],
    [400 * 24 * 3600 * SECOND, '400 d'],
    [-5 * SECOND, '0 s'],
  ])('of %d ms is %s', (ms, expected) => {
    expect(age(ms)).toBe(expected);
  });
});

describe('a moment', () => {
  it('says how far it is, with the exact time behind', () => {
    expect(String(moment('2026-06-21T09:00:00.000Z', NOW))).toBe(
      '<time datetime="2026-06-21T09:00:00.000Z" title="2026-06-21T09:00:00.000Z">30 min ago</time>',
    );
    expect(String(moment('2026-06-21T12:30:00.000Z', NOW))).toContain('>in 3 h<');
    expect(String(moment('2026-06-21T09:29:55.000Z', NOW))).toContain('>just now<');
    expect(String(since('2026-06-19T09:30:00.000Z', NOW))).toContain('>2 d<');
  });

  it('that is none is shown as it is', () => {
    expect(String(moment('"soon"', NOW))).toBe('&quot;soon&quot;');
  });
});
