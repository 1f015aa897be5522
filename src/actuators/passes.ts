/** Stores a pass's result: the one file that a pass without drift writes (invariant I4). */
import type { FleetMemory, Inspected, Settled } from '../reconciler/model.ts';
import type { Layout } from '../state/layout.ts';
import { packSettled } from '../state/settled.ts';
import type { Term } from '../state/term.ts';

/** Enough to see a season of weekly passes, or a day of frequent ones. */
const HISTORY = 100;

export interface FinishedPass<Row extends { recipe: string }> {
  startedAt: string;
  enrolled: readonly string[];
  configFile: string | null;
  memory: FleetMemory | null;
  settled: ReadonlyMap<string, Settled>;
  inspected: readonly Inspected[];
  /** Whether all recipes were in scope. */
  whole: boolean;
  /** False between the rounds of a loop, which stores what is news: the history only tells of what ended. */
  isOver: boolean;
  report: {
    observedAt: string;
    exitCode: number;
    error?: string;
    summary: Readonly<Record<string, number>>;
    program: { version: string; commit: string };
    disk: { allocatedBytes: number; budgetBytes: number | null };
    freeze: { reason: string; by: string | null; until: string | null } | null;
    recipes: readonly Row[];
  };
}

export interface EarlierPasses<Row extends { recipe: string }> {
  /** Absent where nobody needs it. */
  last?: { recipes: readonly Row[] };
  history: readonly unknown[];
}

/**
 * A pass over some recipes only replaces their rows; the others stay as they were last seen, with their own times, and
 * are what is returned.
 */
export async function storePass<Row extends { recipe: string }, EarlierRow extends { recipe: string }>(
  layout: Layout,
  term: Term,
  pass: FinishedPass<Row>,
  earlier: EarlierPasses<EarlierRow> | null,
): Promise<EarlierRow[]> {
  const { observedAt, exitCode, error, summary, program, disk, freeze, recipes } = pass.report;
  const seen = new Set(recipes.map(({ recipe }) => recipe));
  const others = pass.whole ? [] : (earlier?.last?.recipes ?? []).filter(({ recipe }) => !seen.has(recipe));
  const said = error === undefined ? { exitCode } : { exitCode, error };
  const { startedAt, enrolled, configFile } = pass;
  const rows = [...recipes, ...others].toSorted((a, b) => (a.recipe < b.recipe ? -1 : 1));
  const last = {
    startedAt,
    observedAt,
    ...said,
    program,
    enrolled,
    configFile,
    summary,
    disk,
    freeze,
    recipes: rows,
  };
  const entry = { startedAt, endedAt: observedAt, ...said, summary, program };
  const before = earlier?.history ?? [];
  const history = (pass.isOver ? [entry, ...before] : before).slice(0, HISTORY);
  const { memory, inspected } = pass;
  const settled = memory === null ? null : packSettled(memory.digest, observedAt, pass.settled);
  await term.write(layout.passes, `${JSON.stringify({ last, history, memory, settled, inspected })}\n`);
  return others;
}
