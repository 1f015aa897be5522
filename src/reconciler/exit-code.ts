/** Contract: the exit codes of `--once`, `plan` and `status` over the rows that they list; the first that applies. */
export interface ExitRow {
  decision: string;
  drift: string | null;
  acted: boolean;
  mirror: { due: boolean } | null;
}

export function exitCodeOf(rows: readonly ExitRow[], kind: 'Plan' | 'Pass'): number {
  if (rows.some(({ decision }) => decision === 'unknown')) return 4;
  const acting = ({ decision }: ExitRow): boolean => ['seed', 'advance', 'repair'].includes(decision);
  const unfinished = (row: ExitRow): boolean => kind === 'Pass' && row.acted && row.decision !== 'in-sync';
  // A mirror that differs from upstream is drift, and one that was synced and is not equal is not in sync.
  if (rows.some((row) => acting(row) || unfinished(row) || row.mirror?.due === true)) return 2;
  const waits = ({ decision, drift }: ExitRow): boolean =>
    ['held', 'blocked'].includes(decision) || (decision === 'suspended' && drift !== null);
  return rows.some(waits) ? 3 : 0;
}
