/** What `status --json` and the loop's own pages say of a fleet: every recipe as it was last looked at. */
import { CannotRun } from './reconciler/errors.ts';
import { exitCodeOf } from './reconciler/exit-code.ts';
import type { Pause, Program } from './reconciler/model.ts';
import { own } from './reconciler/own.ts';

interface Release {
  version: string;
  commit: string;
}

/** The part of a row that is shown; a stored row has it as much as one made just now. */
export interface StatusRow {
  recipe: string;
  decision: string;
  drift: string | null;
  reason: string;
  message: string;
  latest: Release | null;
  canonical: (Release & { generation: number | null }) | null;
  after: readonly string[];
  nextAt: string | null;
  acted: boolean;
  mirror: {
    url: string;
    state: string;
    message: string;
    due: boolean;
    pullRequests: string | null;
    failingSince: string | null;
  } | null;
  suspended: Pause | null;
  suspensionEnded: string | null;
  driftSince: string | null;
  promotedAt: string | null;
  lastVerdict: { trial: string; verdict: string; at: string } | null;
  damage: number;
  bytes: number;
  notes: readonly string[];
  leftovers: readonly { ours: boolean; where: string; bytes: number | null }[] | null;
  observedAt: string;
}

/** The last look at all recipes. */
export interface LastLook<Row extends StatusRow> {
  startedAt: string;
  observedAt: string;
  /** Why nothing could be evaluated; absent where something was. */
  error?: string | undefined;
  program: Program;
  /** What all generations take together, and what they may. */
  disk: { allocatedBytes: number; budgetBytes: number | null } | null;
  /** As the Reconciler document said; null where it said nothing. */
  freeze: Pause | null;
  enrolled: readonly string[];
  recipes: readonly Row[];
}

export interface StatusReport<Row extends StatusRow = StatusRow> extends LastLook<Row> {
  apiVersion: 'reconcile/v1';
  kind: 'Status';
  exitCode: number;
  error?: string;
  summary: Readonly<Record<string, number>>;
}

/** Of the recipes that are named, or of all where none is. Everything in it was observed at `observedAt` or later. */
export function statusReport<Row extends StatusRow>(
  last: LastLook<Row>,
  recipes: readonly string[] = [],
): StatusReport<Row> {
  const { observedAt, program, error, enrolled, startedAt, disk, freeze } = last;
  const stranger = recipes.find((name) => !last.recipes.some(({ recipe }) => recipe === name));
  if (stranger !== undefined) throw new CannotRun(`the last pass knew no recipe called "${stranger}"`);
  const rows =
    recipes.length === 0 ? last.recipes : last.recipes.filter(({ recipe }) => recipes.includes(recipe));
  const summary: Record<string, number> = {};
  for (const { decision } of rows) summary[decision] = (own(summary, decision) ?? 0) + 1;
  return {
    apiVersion: 'reconcile/v1',
    kind: 'Status',
    observedAt: oldest(rows) ?? observedAt,
    startedAt,
    exitCode: error === undefined ? exitCodeOf(rows, 'Pass') : 1,
    ...(error === undefined ? {} : { error }),
    program,
    summary,
    disk,
    freeze,
    enrolled,
    recipes: rows,
  };
}

function oldest(rows: readonly StatusRow[]): string | null {
  const times = rows.map(({ observedAt }) => observedAt).toSorted((a, b) => Date.parse(a) - Date.parse(b));
  return times[0] ?? null;
}
