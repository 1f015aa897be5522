/**
 * What of a look is worth remembering: when each release was first seen, since when a recipe drifts, and its
 * conditions. Where nothing changed the same object comes back, and nothing is written (invariant I4).
 */
import { NOT_A_COMMIT } from './errors.ts';
import { anchorHolds } from './holds.ts';
import type {
  CanonicalRecord,
  Condition,
  ConditionType,
  Decision,
  RecipeMemory,
  ReleaseSighting,
  Tag,
  TrialRecord,
} from './model.ts';
import { parseVersion } from './releases.ts';

/** Adds the releases that are seen for the first time, or at a commit that they were never seen at. */
export function rememberTags(memory: RecipeMemory, tags: readonly Tag[], now: Date): RecipeMemory {
  const added: Record<string, readonly ReleaseSighting[]> = {};
  for (const { name, commit } of tags) {
    const sightings = memory.firstSeen[name] ?? [];
    if (parseVersion(name) === null || sightings.some((each) => each.commit === commit)) continue;
    added[name] = [...sightings, { commit, at: now.toISOString() }];
  }
  return Object.keys(added).length === 0
    ? memory
    : { ...memory, firstSeen: { ...memory.firstSeen, ...added } };
}

/** Keeps holds from becoming eternal under a clock that jumped back. */
export function rememberHolds(memory: RecipeMemory, trials: readonly TrialRecord[], now: Date): RecipeMemory {
  const holdsFrom = anchorHolds(trials, memory.holdsFrom, now);
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

export function rememberDecision(memory: RecipeMemory, decision: Decision, now: Date): RecipeMemory {
  const driftSince = decision.drift === null ? null : (memory.driftSince ?? now.toISOString());
  const conditions = conditionsOf(decision, memory.conditions, now);
  if (driftSince === memory.driftSince && conditions === memory.conditions) return memory;
  return { ...memory, driftSince, conditions };
}

export function rememberTrial(memory: RecipeMemory, trial: TrialRecord): RecipeMemory {
  const { id, verdict, endedAt, reason, version, commit } = trial;
  if (verdict === null || endedAt === null) return memory;
  const notCommits =
    reason === NOT_A_COMMIT ? { ...memory.notCommits, [version]: commit } : memory.notCommits;
  return { ...memory, notCommits, lastVerdict: { trial: id, verdict, at: endedAt } };
}

/** In the manner of Kubernetes; a transition time moves only if status, reason or message did. */
function conditionsOf(decision: Decision, before: readonly Condition[], now: Date): readonly Condition[] {
  const { reason, message } = decision;
  const truth: Record<ConditionType, boolean> = {
    Ready: decision.decision === 'in-sync',
    Reconciling: decision.plan !== null,
    Stalled: ['unknown', 'held', 'blocked', 'suspended'].includes(decision.decision),
  };
  const conditions = (['Ready', 'Reconciling', 'Stalled'] as const).map((type): Condition => {
    const status = truth[type] ? 'True' : 'False';
    const old = before.find((each) => each.type === type);
    const same =
      old !== undefined && old.status === status && old.reason === reason && old.message === message;
    return same ? old : { type, status, reason, message, lastTransitionTime: now.toISOString() };
  });
  const unchanged =
    conditions.length === before.length && conditions.every((each, index) => each === before[index]);
  return unchanged ? before : conditions;
}
