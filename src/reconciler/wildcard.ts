/**
 * Does a pattern of plain characters, `*` (any run, also an empty one) and `?` (one character) match a whole text?
 *
 * Works forward with one point to come back to, so that no pattern, however many stars it has, costs more than
 * pattern length times text length: patterns and tags both come from outside.
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  const want = Array.from(pattern);
  const have = Array.from(text);
  let atPattern = 0;
  let atText = 0;
  let star = -1;
  let starText = 0;
  while (atText < have.length) {
    if (want[atPattern] === '*') {
      star = atPattern++;
      starText = atText;
    } else if (atPattern < want.length && (want[atPattern] === '?' || want[atPattern] === have[atText])) {
      atPattern++;
      atText++;
    } else if (star >= 0) {
      atPattern = star + 1;
      atText = ++starText;
    } else {
      return false;
    }
  }
  while (want[atPattern] === '*') atPattern++;
  return atPattern === want.length;
}
