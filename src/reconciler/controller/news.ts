/** What about a recipe a person would call news: said once when it changes, and not again while it stays. */
import type { Row } from '../report.ts';

export function isNews(before: Row | null, row: Row): boolean {
  if (before === null || row.notes.some((note) => !before.notes.includes(note))) return true;
  return told(before) !== told(row);
}

/** Without what changes by itself at every look, such as when that was. */
function told(row: Row): string {
  const { decision, drift, reason, message, latest, canonical, nextAt, suspended, damage, mirror } = row;
  const mirrors = mirror === null ? null : [mirror.state, mirror.reason, mirror.pullRequests];
  return JSON.stringify([
    decision,
    drift,
    reason,
    message,
    latest,
    canonical,
    nextAt,
    suspended,
    damage,
    mirrors,
  ]);
}

/** Whether anything differs that is stored and shown, but for when it was seen. */
export function differs(before: Row | null, row: Row): boolean {
  return before === null || JSON.stringify({ ...before, observedAt: row.observedAt }) !== JSON.stringify(row);
}
