import leven from 'leven';

/** The candidate that a mistyped word most likely meant, or null where none is close. Case does not count. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const typed = word.toLowerCase();
  let best: { name: string; distance: number } | null = null;
  for (const name of candidates) {
    // Two letters exchanged count twice, and are the commonest slip in words of four.
    const limit = Math.min(Math.ceil(Math.max(name.length, typed.length) / 3), name.length - 1);
    // Words of very different length are never close, and measuring a hostile one against each name is not free.
    if (Math.abs(name.length - typed.length) > limit) continue;
    const distance = leven(typed, name.toLowerCase());
    if (distance <= limit && (best === null || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? null;
}

/** `, did you mean "upstream"?`, or nothing where no candidate is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const name = nearest(word, candidates);
  return name === null ? '' : `, did you mean "${name}"?`;
}
