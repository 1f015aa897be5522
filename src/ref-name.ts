/** Which of the refs that a server lists a mirror can hold: for whoever mirrors them, by the rule of whoever compares. */
import { crowdedOut, isRefName } from './reconciler/mirrored-names.ts';

/** Of full names, such as `refs/tags/1.0.0+1`, those that can all be in one mirror. */
export function possibleRefNames(names: Iterable<string>): Set<string> {
  const possible = new Set([...names].filter(isRefName));
  for (const name of crowdedOut(possible)) possible.delete(name);
  return possible;
}
