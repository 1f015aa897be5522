/**
 * Did the trial have the recipe for itself? Two trials of one recipe under different lease terms must not overlap.
 *
 * A wall clock may have been set while they ran or between them, so it is asked last. Moments of one start of one
 * machine are compared by its uptime, which cannot jump. Of two starts of one machine neither reaches into the
 * other. Only trials of two machines, or that stored no uptime yet, are compared by the wall clock; and where that
 * was visibly set while one of them ran, nobody can tell.
 */
import { judge, rebuild, unchecked } from './audit-claims.ts';
import type { AuditEvidence, Claim, StoredTrial, TrialRecord, Uptime } from './model.ts';

type Relation = { is: 'apart' | 'overlapping' } | { is: 'unknown'; why: string };

/** How far wall clock and uptime may be apart over a trial before one of them was set: time servers slew, too. */
const SLEW_MS = 5000;
const SLEW_SHARE = 0.01;

export function apartClaim(
  evidence: AuditEvidence,
  trial: TrialRecord,
  trials: readonly StoredTrial[],
): Claim {
  const claim = 'it overlapped no other trial of the recipe under another lease term';
  for (const other of trials) {
    if (other.id === trial.id) continue;
    if (!other.trial.readable) {
      const hint = 'look at that trial, and move its folder away if it is of no use';
      return unchecked('trial-alone', claim, other.trial.why, hint);
    }
    if (other.trial.value === null || other.trial.value.instance.term === trial.instance.term) continue;
    const relation = relationOf(trial, other.trial.value);
    if (relation.is === 'unknown') {
      return unchecked('trial-alone', claim, `${relation.why}, and ${other.id} is near`, rebuild(evidence));
    }
    if (relation.is === 'overlapping') {
      return judge('trial-alone', claim, `it overlapped ${other.id}`, rebuild(evidence));
    }
  }
  return judge('trial-alone', claim, null, rebuild(evidence));
}

export function relationOf(one: TrialRecord, other: TrialRecord): Relation {
  if (one.uptime === null || other.uptime === null) return byWallClock(one, other);
  const answers = [endsBefore(one.uptime, other.uptime), endsBefore(other.uptime, one.uptime)];
  if (answers.includes('yes')) return { is: 'apart' };
  if (one.instance.host !== other.instance.host && answers.includes('unknown'))
    return byWallClock(one, other);
  return { is: answers.includes('no') ? 'overlapping' : 'apart' };
}

type Span = { start: Uptime; end: Uptime | null };

function endsBefore(one: Span, other: Span): 'yes' | 'no' | 'unknown' {
  if (one.end === null) return one.start.bootId === other.start.bootId ? 'no' : 'unknown';
  if (one.end.bootId !== other.start.bootId) return 'unknown';
  return one.end.ms <= other.start.ms ? 'yes' : 'no';
}

function byWallClock(one: TrialRecord, other: TrialRecord): Relation {
  const [a, b] = [wallSpan(one), wallSpan(other)];
  for (const [span, { id }] of [[a, one] as const, [b, other] as const]) {
    if (!span.steady) return { is: 'unknown', why: `the clock was set while ${id} ran` };
  }
  return { is: a.start < b.end && b.start < a.end ? 'overlapping' : 'apart' };
}

function wallSpan({ startedAt, endedAt, uptime }: TrialRecord): {
  start: number;
  end: number;
  steady: boolean;
} {
  const start = Date.parse(startedAt);
  if (endedAt === null) return { start, end: Number.POSITIVE_INFINITY, steady: true };
  const end = Date.parse(endedAt);
  if (end < start) return { start, end, steady: false };
  if (uptime?.end?.bootId !== uptime?.start.bootId || uptime === null || uptime.end === null) {
    return { start, end, steady: true };
  }
  const lasted = uptime.end.ms - uptime.start.ms;
  return { start, end, steady: Math.abs(end - start - lasted) <= SLEW_MS + SLEW_SHARE * lasted };
}
