/** Names that git allows, and that reach no mirror all the same. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crowdedOut, fitsMirror } from '../../src/reconciler/mirrored-names.ts';

it.each([
  ['refs/tags/1.0.0+1', true],
  [`refs/tags/${'x'.repeat(250)}`, true],
  [`refs/tags/${'x'.repeat(251)}`, false],
  [`refs/tags/${'ä'.repeat(125)}`, true],
  [`refs/tags/${'ä'.repeat(126)}`, false],
  [`refs/tags/${'y/'.repeat(494)}yy`, true],
  [`refs/tags/${'y/'.repeat(494)}yyy`, false],
  ['refs/tags/caf\ufffd', false],
])('%s fits a mirror: %s', (name, fits) => {
  expect(fitsMirror(name)).toBe(fits);
});

const name = fc
  .array(fc.constantFrom('a', 'b', 'a-', 'a.b'), { minLength: 1, maxLength: 4 })
  .map((pieces) => pieces.join('/'));

it('a name is crowded out exactly where another one is a folder above it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 20 }), (names) => {
      const below = names.filter((each) => names.some((other) => each.startsWith(`${other}/`)));
      expect(crowdedOut(names)).toEqual(new Set(below));
    }),
  );
});
