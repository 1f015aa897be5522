/**
 * Which tags are releases, and which of two is newer (design: releases).
 *
 * A release is a tag whose whole name is `MAJOR.MINOR.PATCH[-PRERELEASE]+APP`: the recipe's own version in semver,
 * then the version of the app that it installs, in whatever form the app's authors like. Order is total and does
 * not depend on the order in which tags are listed: semver precedence of the recipe version; then the app version
 * piece by piece; then the tag's text.
 */
import { crowdedOut, fitsMirror, isAllowedByGit, isRefName } from './mirrored-names.ts';
import type { Manifest, RecipeMemory, ReleaseRef, Tag } from './model.ts';
import { own } from './own.ts';
import { matchesWildcard } from './wildcard.ts';

export interface ParsedVersion {
  /** MAJOR, MINOR, PATCH as decimal digits without leading zeros; text, so that no size is lost. */
  numbers: readonly [string, string, string];
  prerelease: readonly string[];
  app: string;
  text: string;
}

export interface IgnoredTag {
  tag: string;
  rule: string;
}

export interface ClassifiedTags {
  /** Newest first: every release that the manifest allows. */
  allowed: readonly ReleaseRef[];
  /** Releases by form that the manifest does not allow, and tags that are none, each with the rule. */
  ignored: readonly IgnoredTag[];
}

const number = '(?:0|[1-9][0-9]*)';
const identifier = `(?:${number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`;
const RELEASE = new RegExp(
  `^(${number})\\.(${number})\\.(${number})(?:-(${identifier}(?:\\.${identifier})*))?\\+(.+)$`,
  's',
);

/** Longer names than any file system or label takes are not worth carrying around. */
const LONGEST_TAG = 255;

/**
 * Never part of an honest version: what steers a terminal, breaks a line, is not seen, shows text in another order
 * than it has, or stands where bytes were no text at all.
 */
const MISLEADING = /[\u0080-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/;

export function parseVersion(text: string): ParsedVersion | null {
  const match = whyUnfit(text) === null ? RELEASE.exec(text) : null;
  if (match === null) return null;
  const [, major = '', minor = '', patch = '', prerelease, app = ''] = match;
  return { numbers: [major, minor, patch], prerelease: prerelease?.split('.') ?? [], app, text };
}

/** The rule by which a tag's name is no release; null where it is one. */
export function whyNoRelease(tag: string): string | null {
  const unfit = whyUnfit(tag);
  if (unfit !== null || RELEASE.test(tag)) return unfit;
  if (/^v[0-9]/.test(tag)) return 'a recipe version has no leading "v"';
  if (!tag.includes('+')) return 'no "+" between recipe version and app version';
  if (tag.endsWith('+')) return 'no app version after the "+"';
  if (/^0[0-9]|\.0[0-9]/.test(tag)) return 'a number of the recipe version has a leading zero';
  return 'the recipe version is not MAJOR.MINOR.PATCH[-PRERELEASE]';
}

/** Whether it can be on any mirror. */
export function isTagName(name: string): boolean {
  return isRefName(`refs/tags/${name}`);
}

function whyUnfit(tag: string): string | null {
  if (tag.length > LONGEST_TAG) return `longer than ${LONGEST_TAG} characters`;
  // Git can hold a tag that begins with a hyphen, and makes none.
  const isAllowed = tag === '' || (isAllowedByGit(`refs/tags/${tag}`) && !tag.startsWith('-'));
  if (!isAllowed) return 'not a name that git allows for a tag';
  if (MISLEADING.test(tag)) return 'it holds characters that are not seen, or not seen where they stand';
  if (!fitsMirror(`refs/tags/${tag}`)) return 'longer than what a mirror can hold';
  return null;
}

/** Negative where `a` is older than `b`, positive where newer, 0 only for the same text. */
function compareVersions(a: ParsedVersion, b: ParsedVersion): number {
  return compareRecipeVersions(a, b) || compareApps(a.app, b.app) || compareText(a.text, b.text);
}

/** As `compareVersions`, for texts that are known to be releases. A text that is none sorts before all that are. */
export function compareReleases(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (left === null || right === null) {
    return Number(left !== null) - Number(right !== null) || compareText(a, b);
  }
  return compareVersions(left, right);
}

/** `notCommits`: tags known to name a tree or a blob, with that object; such a tag has no commit to release. */
export function classify(
  tags: readonly Tag[],
  policy: Manifest['release'],
  notCommits: RecipeMemory['notCommits'],
): ClassifiedTags {
  const allowed: { version: ParsedVersion; commit: string }[] = [];
  const ignored: IgnoredTag[] = [];
  const crowded = crowdedOut(tags.map(({ name }) => name).filter(isTagName));
  for (const tag of tags) {
    if (crowded.has(tag.name)) {
      ignored.push({ tag: tag.name, rule: 'it cannot be beside a tag whose name it begins with' });
      continue;
    }
    const version = parseVersion(tag.name);
    const nothing = own(notCommits, tag.name) === tag.commit ? 'it names no commit' : null;
    const rule = nothing ?? (version === null ? whyNoRelease(tag.name) : whyNotAllowed(version, policy));
    if (version === null || rule !== null) ignored.push({ tag: tag.name, rule: rule ?? 'not a release' });
    else allowed.push({ version, commit: tag.commit });
  }
  allowed.sort((a, b) => compareVersions(b.version, a.version));
  ignored.sort((a, b) => compareText(a.tag, b.tag));
  return {
    allowed: allowed.map(({ version, commit }) => ({ version: version.text, commit })),
    ignored,
  };
}

/** Pairs that share a recipe version but not a commit: one of the two is a mistake, and no order is right. */
export function ambiguousReleases(releases: readonly ReleaseRef[]): string[] {
  const found: string[] = [];
  for (const [index, release] of releases.entries()) {
    const next = releases[index + 1];
    if (next === undefined || recipePart(next.version) !== recipePart(release.version)) continue;
    if (next.commit !== release.commit) {
      found.push(`${release.version} and ${next.version} share a recipe version but not a commit`);
    }
  }
  return found;
}

function whyNotAllowed(version: ParsedVersion, policy: Manifest['release']): string | null {
  const pattern = policy.ignore.find((candidate) => matchesWildcard(candidate, version.text));
  if (pattern !== undefined) return `release.ignore: ${pattern}`;
  if (version.prerelease.length > 0 && !policy.prerelease)
    return 'a prerelease, and release.prerelease is false';
  return null;
}

function recipePart(version: string): string {
  return version.slice(0, version.indexOf('+'));
}

function compareRecipeVersions(a: ParsedVersion, b: ParsedVersion): number {
  for (const index of [0, 1, 2] as const) {
    const order = compareDecimals(a.numbers[index], b.numbers[index]);
    if (order !== 0) return order;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Semver 2.0.0, rule 11: none is newest; numbers below words; a longer list above its own beginning. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Number(a.length === 0) - Number(b.length === 0);
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [left = '', right = ''] = [a[index], b[index]];
    const numeric = [isNumber(left), isNumber(right)] as const;
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    const order = numeric[0] ? compareNumbers(left, right) : compareText(left, right);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Runs of digits as numbers, the rest as text; a number is newer than a word; a longer list than its beginning. */
function compareApps(a: string, b: string): number {
  const left = pieces(a);
  const right = pieces(b);
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [one = '', other = ''] = [left[index], right[index]];
    const numeric = [isNumber(one), isNumber(other)] as const;
    if (numeric[0] !== numeric[1]) return numeric[0] ? 1 : -1;
    const order = numeric[0] ? compareNumbers(one, other) : compareText(one, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function pieces(app: string): string[] {
  return app.replace(/^v(?=[0-9])/, '').match(/[0-9]+|[^0-9]+/g) ?? [];
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function compareNumbers(a: string, b: string): number {
  return compareDecimals(a.replace(/^0+(?=[0-9])/, ''), b.replace(/^0+(?=[0-9])/, ''));
}

/** Of numbers without leading zeros, however long. */
function compareDecimals(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
