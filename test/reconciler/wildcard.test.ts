import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesWildcard } from '../../src/reconciler/wildcard.ts';

describe('a wildcard pattern', () => {
  it.each([
    ['1.0.0+1', '1.0.0+1', true],
    ['1.0.0+1', '1x0.0+1', false],
    ['*-beta', '1.2.0+2-beta', true],
    ['*-beta', '1.2.0+2-beta2', false],
    ['1.?.0+*', '1.2.0+', true],
    ['1.?.0+*', '1.12.0+1', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['a[b', 'a[b', true],
  ])('%j against %j: %j', (pattern, text, matches) => {
    expect(matchesWildcard(pattern, text)).toBe(matches);
  });

  it('agrees with the regular expression that it stands for', () => {
    const letters = fc.stringMatching(/^[ab*?]{0,6}$/);
    fc.assert(
      fc.property(letters, fc.stringMatching(/^[ab]{0,8}$/), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matchesWildcard(pattern, text)).toBe(expression.test(text));
      }),
    );
  });

  it('answers a pattern of many stars as fast as any other', () => {
    expect(matchesWildcard(`${'*a'.repeat(500)}b`, 'a'.repeat(4000))).toBe(false);
  });
});
