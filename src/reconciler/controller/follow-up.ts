/**
 * What follows from a look, and nobody else says so: whether the recipe is to be tried, when it is to be looked at
 * again, and whose looks it makes necessary.
 */
import type { Cause, Decision, Reason } from '../model.ts';
import type { Row } from '../report.ts';

export interface FollowUp {
  /** Null: there is nothing to try. */
  tryAs: Cause | null;
  /** Null: the next round is soon enough. */
  lookAgainInMs: number | null;
  /** It could not be read: look again, each time later. */
  lookAgainAfterBackoff: boolean;
  /** Those that need it may find it otherwise. */
  lookAtDependents: boolean;
}

/** What only an edit makes readable: a look before the next edit would find the same. */
const MENDED_BY_EDITS: readonly Reason[] = ['manifest-invalid', 'config-invalid'];

/** Just after the moment, not just before it. */
const MARGIN_MS = 50;

export function followUpOf(
  decision: Decision,
  {
    before,
    row,
    cause,
    now,
    isRemembered,
  }: { before: Row | null; row: Row; cause: Cause; now: Date; isRemembered: boolean },
): FollowUp {
  const { nextAt, plan, reason } = decision;
  const isUnread = decision.decision === 'unknown' && !MENDED_BY_EDITS.includes(reason);
  return {
    tryAs: plan === null ? null : causeOf(cause, before, row),
    lookAgainInMs: soonest([nextAt, row.suspended?.until ?? null], now),
    lookAgainAfterBackoff: isUnread || !isRemembered,
    lookAtDependents: before !== null && whatOthersUse(before) !== whatOthersUse(row),
  };
}

/** A suspension ends by itself, also where nothing waits for that. */
function soonest(times: readonly (string | null)[], now: Date): number | null {
  const known = times.filter((time) => time !== null).map((time) => Date.parse(time) - now.getTime());
  return known.length === 0 ? null : Math.max(0, Math.min(...known)) + MARGIN_MS;
}

/** A release that nobody told of is still one. */
function causeOf(cause: Cause, before: Row | null, row: Row): Cause {
  const isNew = before !== null && row.latest !== null && before.latest?.version !== row.latest.version;
  return isNew && ['retry', 'scan'].includes(cause) ? 'release' : cause;
}

function whatOthersUse({ canonical, damage }: Row): string {
  return JSON.stringify([canonical, damage]);
}
