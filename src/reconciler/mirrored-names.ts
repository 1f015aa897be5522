/**
 * Which names of refs can reach a mirror. A server may list any bytes as a name: one that git refuses to write, or that
 * no file system holds (a ref is a file, or was one when it was written), is pushed by nobody and missed by nobody.
 */

/** What `git check-ref-format` refuses. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const REFUSED = /[\u0000-\u0020\u007F~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(\/|$)|[/.]$/;

/** Of each piece between slashes, in bytes: a file's name has 255, and git adds `.lock` to it while it writes. */
const LONGEST_PIECE = 250;
/** In bytes. Of a path's 4096 this leaves enough for the folder that the repository is in. */
const LONGEST_NAME = 1000;
/** No more characters than this are too many bytes, whatever they are: a character has three at most. */
const SHORT = Math.floor(LONGEST_PIECE / 3);
/** Stands for bytes that were no text. What they were is not known any more, and names that differed in them are one. */
const NO_TEXT = '\uFFFD';

/** Of full names, such as `refs/tags/1.0.0+1`. */
export function fitsMirror(name: string): boolean {
  if (name.length <= SHORT) return !name.includes(NO_TEXT);
  if (name.includes(NO_TEXT) || bytes(name) > LONGEST_NAME) return false;
  return name.split('/').every((piece) => bytes(piece) <= LONGEST_PIECE);
}

/** Of a full name; as are those below. */
export function isAllowedByGit(name: string): boolean {
  return name.startsWith('refs/') && !REFUSED.test(name);
}

export function isRefName(name: string): boolean {
  return isAllowedByGit(name) && fitsMirror(name);
}

/** Those that another stands in the way of: of `a` and `a/b` only one can be there, and it is the shorter one. */
export function crowdedOut(names: Iterable<string>): Set<string> {
  const crowded = new Set<string>();
  let shorter: string | null = null;
  // Behind its slash, every name is followed at once by all that begin with it.
  for (const folder of [...names].map((name) => `${name}/`).toSorted(compareText)) {
    if (shorter !== null && folder.startsWith(shorter)) crowded.add(folder.slice(0, -1));
    else shorter = folder;
  }
  return crowded;
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
