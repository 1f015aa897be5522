/**
 * What of a look is worth remembering: when each release was first seen, since when a recipe drifts, and its
 * conditions. Where nothing changed the same object comes back, and nothing is written (invariant I4).
 */
import { NOT_A_COMMIT } from './errors.ts';
import { isAhead } from './began.ts';
import { areNews, conditionsOf, type OnTrial } from './conditions.ts';
import { anchorHolds } from './holds.ts';
import type {
  CanonicalRecord,
  Decision,
  Instant,
  RecipeMemory,
  ReleaseSighting,
  Tag,
  TrialRecord,
} from './model.ts';
import { own } from './own.ts';
import { parseVersion } from './releases.ts';

/** Far more than any upstream has, and still a file that is read in a moment. */
const MOST_SIGHTINGS = 30_000;

/**
 * Adds the releases that are seen for the first time, or at a commit that they were never seen at. A sighting that
 * lies in the future of this clock becomes one of now: no release stays too young for ever.
 */
export function rememberTags(memory: RecipeMemory, tags: readonly Tag[], instant: Instant): RecipeMemory {
  const changed: Record<string, readonly ReleaseSighting[]> = {};
  const at = instant.now.toISOString();
  for (const { name, commit } of tags) {
    const before = own(memory.firstSeen, name) ?? [];
    // What was remembered was a release then; whether another name is one takes longer to say.
    if (before.length === 0 && parseVersion(name) === null) continue;
    const sightings = before.map((each) =>
      isAhead(each, instant) ? { ...each, at, uptime: instant.uptime } : each,
    );
    if (!sightings.some((each) => each.commit === commit)) {
      sightings.push({ commit, at, uptime: instant.uptime });
    }
    const same =
      sightings.length === before.length && sightings.every((each, index) => each === before[index]);
    if (!same) changed[name] = sightings;
  }
  if (Object.keys(changed).length === 0) return memory;
  return { ...memory, firstSeen: bounded({ ...memory.firstSeen, ...changed }, tags) };
}

/**
 * An upstream that makes and moves tags without end must not be remembered without end: of too much, what it no longer
 * lists goes, and of every tag all sightings between the first and the last.
 */
function bounded(firstSeen: RecipeMemory['firstSeen'], tags: readonly Tag[]): RecipeMemory['firstSeen'] {
  const count = Object.values(firstSeen).reduce((sum, sightings) => sum + sightings.length, 0);
  if (count <= MOST_SIGHTINGS) return firstSeen;
  const listed = new Set(tags.map(({ name }) => name));
  const kept = Object.entries(firstSeen).filter(([name]) => listed.has(name));
  return Object.fromEntries(
    kept.map(([name, sightings]) => [name, [...sightings.slice(0, 1), ...sightings.slice(1).slice(-1)]]),
  );
}

/** Keeps holds from becoming eternal under a clock that jumped back. */
export function rememberHolds(
  memory: RecipeMemory,
  trials: readonly TrialRecord[],
  instant: Instant,
): RecipeMemory {
  const holdsFrom = anchorHolds(trials, memory.holdsFrom, instant);
  return holdsFrom === memory.holdsFrom ? memory : { ...memory, holdsFrom };
}

/** What a person said of a canonical counts for that one only: once the record names another, it is forgotten. */
export function rememberCanonical(memory: RecipeMemory, record: CanonicalRecord | null): RecipeMemory {
  const generation = record?.generation ?? null;
  const stale = (said: { generation: number | null } | null): boolean =>
    said !== null && (record === null || said.generation !== generation);
  const accepted = stale(memory.accepted) ? null : memory.accepted;
  const rebuild = stale(memory.rebuild) ? null : memory.rebuild;
  if (accepted === memory.accepted && rebuild === memory.rebuild) return memory;
  return { ...memory, accepted, rebuild };
}

/** `onTrial`: a trial of it that goes on beside this look. */
export function rememberDecision(
  memory: RecipeMemory,
  decision: Decision,
  now: Date,
  onTrial: OnTrial | null = null,
): RecipeMemory {
  const driftSince = decision.drift === null ? null : (memory.driftSince ?? now.toISOString());
  const conditions = conditionsOf(decision, { before: memory.conditions, onTrial, now });
  if (driftSince === memory.driftSince && !areNews(memory.conditions, conditions)) return memory;
  return { ...memory, driftSince, conditions };
}

export function rememberTrial(memory: RecipeMemory, trial: TrialRecord): RecipeMemory {
  const { id, verdict, endedAt, reason, version, commit } = trial;
  if (verdict === null || endedAt === null) return memory;
  const notCommits =
    reason === NOT_A_COMMIT ? { ...memory.notCommits, [version]: commit } : memory.notCommits;
  return { ...memory, notCommits, lastVerdict: { trial: id, verdict, at: endedAt } };
}
