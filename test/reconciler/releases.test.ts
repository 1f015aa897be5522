import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ambiguousReleases,
  classify,
  compareReleases,
  parseVersion,
  whyNoRelease,
} from '../../src/reconciler/releases.ts';
import { commitOf, tag } from './world.ts';

const REAL_RELEASES = [
  ...['1.13.0+1.31.1', '1.11.0+1.29.0', '1.7.1+1.27.2', '3.5.3+1.24.2-rootless', '3.6.0+1.24.2-rootless'],
  ...[
    '10.7.1+26.6.2',
    '0.2.0+v0.4',
    '0.3.0+v0.4.219',
    '1.0.0+v1.6.870-0',
    '1.1.1+6-alpine',
    '1.4.0+6.45.0-alpine',
  ],
  ...['3.0.1+v2.0.0', '0.7.0+3.3.1', '0.8.1+3.5.0', '2.1.9+10.11.15', '2.0.1+1.0.6-social-amd64'],
  ...['0.6.0+v2026.5.1', '1.9.0+2.26.0', '1.2.0+2.43.0', '1.0.0+1.0_1'],
];
const NO_RELEASES = ['v2.4.8', 'v1.0.3', '1.14.1-rootless_1', 'latest', '0.0.1', '1.0'];
const policy = { ignore: [], prerelease: false, minAgeMs: 0 };

describe('which tags are releases', () => {
  it.each(REAL_RELEASES)('%s is a release', (text) => {
    expect(parseVersion(text)).toMatchObject({ text, app: text.slice(text.indexOf('+') + 1) });
    expect(whyNoRelease(text)).toBeNull();
  });

  it.each(NO_RELEASES)('%s is none', (text) => {
    expect(parseVersion(text)).toBeNull();
    expect(whyNoRelease(text)).not.toBeNull();
  });

  it.each([
    ['v1.0.0+1.0', 'leading "v"'],
    ['1.0.0', 'no "+"'],
    ['1.0.0+', 'no app version'],
    ['01.0.0+1', 'leading zero'],
    ['1.02.0+1', 'leading zero'],
    ['1.0+1', 'MAJOR.MINOR.PATCH'],
    ['1.0.0-+1', 'MAJOR.MINOR.PATCH'],
    ['1.0.0-a..b+1', 'git allows'],
    ['-1.0.0+1', 'git allows'],
    ['1.0.0+1 0', 'git allows'],
    ['1.0.0+a..b', 'git allows'],
    ['1.0.0+a\u0007', 'git allows'],
    ['1.0.0+a.lock', 'git allows'],
    ['1.0.0+\u202e1.0', 'not seen where they stand'],
    ['1.0.0+1\u009b0', 'not seen'],
    ['1.0.0+1\ufffd0', 'not seen'],
    [`1.0.0+${'9'.repeat(4096)}`, 'longer than'],
    [`1.0.0+${'9'.repeat(245)}`, 'longer than what a mirror can hold'],
    [`1.0.0+${'ä'.repeat(123)}`, 'longer than what a mirror can hold'],
    ['', 'no "+"'],
  ])('says by which rule %j is none', (text, rule) => {
    expect(whyNoRelease(text)).toContain(rule);
  });

  it('keeps numbers of any size apart', () => {
    const big = '1.0.99999999999999999998+1';
    expect(compareReleases(big, '1.0.99999999999999999999+1')).toBeLessThan(0);
  });
});

describe('which of two releases is newer', () => {
  it.each([
    ['1.9.0+1', '1.10.0+1', 'minor numbers count as numbers'],
    ['9.0.0+9', '10.0.0+1', 'the recipe version goes before the app version'],
    ['1.0.0-rc.1+2', '1.0.0+1', 'a prerelease is older than its release'],
    ['1.0.0-alpha+1', '1.0.0-alpha.1+1', 'a longer prerelease is newer than its beginning'],
    ['1.0.0-alpha.1+1', '1.0.0-alpha.beta+1', 'a number in a prerelease is older than a word'],
    ['1.0.0-beta.2+1', '1.0.0-beta.11+1', 'numbers in a prerelease count as numbers'],
    ['1.0.0+v1.9.0', '1.0.0+v1.10.0', 'numbers in the app version count as numbers'],
    ['1.0.0+1.9.0', '1.0.0+v1.10.0', 'one leading v of the app version is ignored'],
    ['1.0.0+1.0', '1.0.0+1.0_1', 'a longer app version is newer than its beginning'],
    ['1.0.0+1.24.2', '1.0.0+1.24.2-rootless', 'a suffix is newer than none'],
    ['1.0.0+latest', '1.0.0+1.0', 'a number is newer than a word'],
    ['1.0.0+1.0', '1.0.0+v1.0', "where all else is equal the tag's text decides"],
    ['3.5.3+1.24.2-rootless', '3.6.0+1.24.2-rootless', 'real tags'],
    ['0.2.0+v0.4', '0.3.0+v0.4.219', 'real tags'],
  ])('%s < %s: %s', (older, newer) => {
    expect(compareReleases(older, newer)).toBeLessThan(0);
    expect(compareReleases(newer, older)).toBeGreaterThan(0);
  });

  const digits = fc.nat({ max: 12 }).map(String);
  const app = fc
    .stringMatching(/^[v0-9a-z._-]{1,8}$/)
    .filter((text) => whyNoRelease(`1.0.0+${text}`) === null);
  const release = fc
    .tuple(digits, digits, digits, fc.constantFrom('', '-rc.1', '-rc.2', '-a', '-1', '-a.1'), app)
    .map(([major, minor, patch, pre, rest]) => `${major}.${minor}.${patch}${pre}+${rest}`);

  it('is antisymmetric, and equal only for the same text', () => {
    fc.assert(
      fc.property(release, release, (a, b) => {
        expect(Math.sign(compareReleases(a, b)) + Math.sign(compareReleases(b, a))).toBe(0);
        expect(compareReleases(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(fc.tuple(release, release, release), (three) => {
        const [a, b, c] = three.toSorted(compareReleases);
        expect(compareReleases(a ?? '', c ?? '')).toBeLessThanOrEqual(0);
        expect(compareReleases(a ?? '', b ?? '')).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('does not depend on the order in which tags are listed', () => {
    const listing = fc.uniqueArray(release, { maxLength: 12 });
    fc.assert(
      fc.property(
        listing.chain((names) =>
          fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })),
        ),
        ([names, shuffled]) => {
          const order = (list: readonly string[]) =>
            classify(
              list.map((name) => tag(name)),
              policy,
              {},
            ).allowed;
          expect(order(shuffled)).toEqual(order(names));
        },
      ),
    );
  });

  it('never lets a tag that is no release win', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(release, fc.string(), fc.constantFrom(...NO_RELEASES))), (names) => {
        const { allowed, ignored } = classify(
          names.map((name) => tag(name)),
          policy,
          {},
        );
        expect(allowed.every(({ version }) => parseVersion(version) !== null)).toBe(true);
        expect(allowed.length + ignored.length).toBe(names.length);
      }),
    );
  });
});

describe('what a manifest allows', () => {
  const tags = ['1.0.0+1', '1.1.0-rc.1+1', '1.2.0+2-beta', 'latest'].map((name) => tag(name));

  it('leaves out what cannot be on a mirror beside another', () => {
    const { allowed, ignored } = classify([tag('1.0.0+1/2'), tag('1.0.0+1')], policy, {});
    expect(allowed.map(({ version }) => version)).toEqual(['1.0.0+1']);
    expect(ignored).toEqual([
      { tag: '1.0.0+1/2', rule: 'it cannot be beside a tag whose name it begins with' },
    ]);
  });

  it('leaves out what release.ignore names, and says so', () => {
    const { allowed, ignored } = classify(tags, { ...policy, ignore: ['*-beta'] }, {});
    expect(allowed.map(({ version }) => version)).toEqual(['1.0.0+1']);
    expect(ignored).toContainEqual({ tag: '1.2.0+2-beta', rule: 'release.ignore: *-beta' });
  });

  it('counts a prerelease only where it is asked for', () => {
    expect(classify(tags, policy, {}).ignored.map(({ tag: name }) => name)).toContain('1.1.0-rc.1+1');
    const { allowed } = classify(tags, { ...policy, prerelease: true }, {});
    expect(allowed.map(({ version }) => version)).toEqual(['1.2.0+2-beta', '1.1.0-rc.1+1', '1.0.0+1']);
  });

  it('knows tags that turned out to name no commit, until they name something else', () => {
    const notCommits = { '1.2.0+2-beta': commitOf('1.2.0+2-beta') };
    expect(classify(tags, policy, notCommits).ignored).toContainEqual({
      tag: '1.2.0+2-beta',
      rule: 'it names no commit',
    });
    const moved = [tag('1.2.0+2-beta', commitOf('a real commit'))];
    expect(classify(moved, policy, notCommits).allowed.length).toBe(1);
  });

  it('reports two releases that share a recipe version but not a commit', () => {
    const shared = [tag('1.0.0+1', commitOf('one')), tag('1.0.0+2', commitOf('two')), tag('0.9.0+1')];
    expect(ambiguousReleases(classify(shared, policy, {}).allowed)).toEqual([
      '1.0.0+2 and 1.0.0+1 share a recipe version but not a commit',
    ]);
    const same = [tag('1.0.0+1', commitOf('one')), tag('1.0.0+2', commitOf('one'))];
    expect(ambiguousReleases(classify(same, policy, {}).allowed)).toEqual([]);
  });
});
