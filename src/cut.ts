/**
 * Shortens text between words only. A secret is one word: so it is either left out as a whole, or there as a whole to
 * be recognised and blanked out; half of one would be neither (invariant I10).
 */

/** As much of the beginning as fits. */
export function keepStart(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit + 1).replace(/\S*$/, '')}...`;
}

/** As much of the end as fits. */
export function keepEnd(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `...${text.slice(-limit - 1).replace(/^\S*/, '')}`;
}
