/**
 * Which names of refs a mirror can hold. A server may list any bytes as a name; one that git refuses to write can be
 * mirrored nowhere, so whoever compares repositories leaves it out.
 */
import { crowdedOut, fitsMirror } from './reconciler/mirrored-names.ts';

// oxlint-disable-next-line no-control-regex
const REFUSED = /[\u0000-\u0020\u007F~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(\/|$)|[/.]$/;

/** Of full names, such as `refs/tags/1.0.0+1`, those that can all be in one mirror. */
export function possibleRefNames(names: Iterable<string>): Set<string> {
  const possible = new Set([...names].filter(isRefName));
  for (const name of crowdedOut(possible)) possible.delete(name);
  return possible;
}

function isRefName(name: string): boolean {
  return name.startsWith('refs/') && !REFUSED.test(name) && fitsMirror(name);
}
