/**
 * Manifests that vanish many at once: rather a mount that went, a checkout in the middle or a wrong folder than the wish
 * to de-enrol so many. Until a look one interval later still lacks them, nobody knows what is desired of them.
 *
 * - Each waits by itself, from when it was missed. One that comes back is believed at once, and the others wait on,
 *   however few they are by then: what made them vanish was the same.
 * - While any waits, whatever else vanishes joins, also a single one: a folder that is emptied slowly is emptied in more
 *   than one look. Its wait is its own, so that nobody who vanishes or comes and goes can prolong another's.
 * - Waits count uptime. In another start of the machine they begin anew, as they do in another process, which is not
 *   told of them.
 */
import type { Instant, Uptime } from './model.ts';

export interface Vanished {
  /** When the first of them was missed. */
  since: Instant;
  names: readonly string[];
  /** When each was missed: what its own wait counts from. */
  missedAt: ReadonlyMap<string, Instant>;
}

/** Fewer are believed at once, and so is no more than this share of the fleet. */
const FEWEST = 5;
const SHARE = 1 / 5;

export interface Lack {
  /** Believed to be enrolled until now. */
  enrolled: readonly string[];
  /** Those of them that no manifest names any more, valid or not. */
  missing: readonly string[];
  /** May what is missing stand in a file that cannot be used? Then no wait ends (invariant I7). */
  mayBeThere: boolean;
}

/** Who is held now; null where nobody is. `intervalMs`: null where it is not known, and then no wait ends. */
export function holdVanished(
  { enrolled, missing, mayBeThere }: Lack,
  before: Vanished | null,
  { instant, intervalMs }: { instant: Instant; intervalMs: number | null },
): Vanished | null {
  const waits = new Map<string, Instant>();
  const isOver = (since: Instant): boolean =>
    !mayBeThere && intervalMs !== null && instant.uptime.ms - since.uptime.ms >= intervalMs;
  for (const name of missing) {
    const missed = before?.missedAt.get(name);
    if (missed === undefined) continue;
    const since = isEarlier(missed.uptime, instant.uptime) ? missed : instant;
    if (!isOver(since)) waits.set(name, since);
  }
  const fresh = missing.filter((name) => before?.missedAt.has(name) !== true);
  if (waits.size > 0 || isMany(fresh.length, enrolled.length)) {
    for (const name of fresh) waits.set(name, instant);
  }
  return vanishedOf(waits);
}

function isMany(missing: number, enrolled: number): boolean {
  return missing >= FEWEST && missing > enrolled * SHARE;
}

/** In the same start of the machine, and not after. */
function isEarlier(one: Uptime, other: Uptime): boolean {
  return one.bootId === other.bootId && one.ms <= other.ms;
}

function vanishedOf(missedAt: ReadonlyMap<string, Instant>): Vanished | null {
  const names = [...missedAt.keys()].toSorted();
  const [since] = [...missedAt.values()].toSorted((a, b) => a.uptime.ms - b.uptime.ms);
  return since === undefined ? null : { since, names, missedAt };
}
