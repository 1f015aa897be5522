/**
 * Whatever a server lists as tags: what counts as a release is a name that git allows and that shows as it is, and the
 * order of releases is total, and the same whatever order they are listed in (invariant I12).
 */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { classify, compareReleases, parseVersion, whyNoRelease } from '../../../src/reconciler/releases.ts';
import { mutated, mutations, oddText, STEERS_A_TERMINAL } from '../arbitraries.ts';
import { TAGS } from '../corpus/tags.ts';
import { property } from '../property.ts';

const POLICY = { ignore: [], prerelease: true, minAgeMs: 0 };
const FRAGMENTS = [
  '+',
  '-',
  '.',
  'v',
  '0',
  '00',
  '.lock',
  '..',
  '@{',
  '/',
  '1.0.0+',
  '-rc.1',
  '-0',
  '+1',
  '__proto__',
];

const number = fc.oneof(fc.nat(12).map(String), fc.constantFrom('0', '00', '01', '9'.repeat(30)));
const release = fc
  .tuple(
    number,
    number,
    number,
    fc.constantFrom('', '', '-rc', '-rc.1', '-1', '-0a', '-a.01'),
    fc.oneof(number, oddText),
  )
  .map(([major, minor, patch, pre, app]) => `${major}.${minor}.${patch}${pre}+${app}`);
const name = fc.oneof(
  { weight: 4, arbitrary: release },
  fc.tuple(release, mutations(FRAGMENTS)).map(([text, list]) => mutated(text, list)),
  oddText,
  fc.string({ unit: 'binary', maxLength: 300 }),
);

export const tags = property<readonly string[]>({
  name: 'tags: releases are names that git allows, in one order whatever the listing',
  runs: 300,
  corpus: TAGS,
  cases: fc.array(name.map(asDecoded), { minLength: 1, maxLength: 12 }),
  open: async () => ({
    holds: (names) => {
      const listed = names.map((each) => ({ name: each, commit: '1'.repeat(40), object: '1'.repeat(40) }));
      const { allowed, ignored } = classify(listed, POLICY, {});
      const versions = allowed.map(({ version }) => version);
      for (const version of versions) assertHonest(version);
      expect([...versions, ...ignored.map(({ tag }) => tag)].toSorted()).toEqual(names.toSorted());
      for (const turned of [listed.toReversed(), rotated(listed), listed.toSorted(byName)])
        expect(classify(turned, POLICY, {}).allowed.map(({ version }) => version)).toEqual(versions);
      assertTotalOrder(names);
    },
  }),
});

/** Half a surrogate pair comes out of no bytes. */
function asDecoded(text: string): string {
  return Buffer.from(text).toString('utf8');
}

function assertHonest(version: string): void {
  expect(version).not.toMatch(STEERS_A_TERMINAL);
  expect(version).not.toContain('\n');
  expect(Buffer.from(version).toString()).toBe(version);
  // Throws where git would not have a tag of that name.
  execFileSync('git', ['check-ref-format', `refs/tags/${version}`]);
  expect(parseVersion(version)?.text).toBe(version);
  expect(whyNoRelease(version)).toBeNull();
}

function assertTotalOrder(names: readonly string[]): void {
  const compare = (a: string, b: string): number => Math.sign(compareReleases(a, b));
  for (const a of names) {
    for (const b of names) {
      expect(compare(a, b) + compare(b, a)).toBe(0);
      if (compare(a, b) === 0) expect(a).toBe(b);
      for (const c of names) if (compare(a, b) < 0 && compare(b, c) < 0) expect(compare(a, c)).toBe(-1);
    }
  }
}

function rotated<T>(items: readonly T[]): T[] {
  return [...items.slice(1), ...items.slice(0, 1)];
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}
