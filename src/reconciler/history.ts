/** Trials in the order in which they ran and for how long, although a wall clock that was set tells neither. */
import type { TrialRecord } from './model.ts';

/**
 * Newest first over all recipes. Each recipe's own order is that of the numbers which its trials reserved; only
 * between recipes does the wall clock decide.
 */
export function newestFirst(recipes: readonly (readonly TrialRecord[])[]): TrialRecord[] {
  const waiting = recipes.map((trials) => trials.toSorted((a, b) => b.generation - a.generation));
  const merged: TrialRecord[] = [];
  for (;;) {
    const [newest, ...rest] = waiting
      .filter((trials) => trials.length > 0)
      .toSorted(([a], [b]) => beginning(b) - beginning(a));
    const next = newest?.shift();
    if (next === undefined) return merged;
    merged.push(next);
    if (rest.length === 0) return [...merged, ...(newest ?? [])];
  }
}

/** Null while it runs. */
export function lasted({ startedAt, endedAt, uptime }: TrialRecord): number | null {
  if (endedAt === null) return null;
  if (uptime?.end?.bootId === uptime?.start.bootId && uptime !== null && uptime.end !== null) {
    return Math.max(0, uptime.end.ms - uptime.start.ms);
  }
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}

function beginning(trial: TrialRecord | undefined): number {
  return trial === undefined ? 0 : Date.parse(trial.startedAt);
}
