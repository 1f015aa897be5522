/** `reconcile status [RECIPE…]`: the last pass's stored result and its age. Asks no upstream. */
import { resolve } from 'node:path';
import { readPasses, type StoredPasses } from '../observed/passes.ts';
import { CannotRun } from '../reconciler/errors.ts';
import { exitCodeOf } from '../reconciler/exit-code.ts';
import { own } from '../reconciler/own.ts';
import { Layout } from '../state/layout.ts';
import { currentHolder } from '../state/lease.ts';
import { checkSchema } from '../state/schema.ts';
import type { Context, ExitCode } from './context.ts';
import { printReport } from './report.ts';
import { duration, oneLine, size } from './text.ts';

/** A clock that is kept right may go back so far. */
const SLEW_MS = 1000;

export async function status(context: Context, recipes: readonly string[]): Promise<ExitCode> {
  const { out, err, options } = context;
  const layout = new Layout(resolve(options.state));
  await checkSchema(layout);
  const passes = await readPasses(layout);
  if (!passes.readable) throw new CannotRun(`the stored pass cannot be read: ${passes.why}`);
  if (passes.value === null) {
    const hint = 'run "reconcile --once", or "reconcile plan" to see what it would do';
    throw new CannotRun(`no pass was stored yet in ${layout.root}`, { hint });
  }
  const { last } = passes.value;
  const report = statusOf(last, recipes);
  printReport(out, err, report, options.json);
  if (!options.json) {
    if (last.disk !== null) out.write(`${sizeOf(last.disk)}\n`);
    const holder = await currentHolder(layout);
    if (holder !== null) {
      const { host, pid, since, doing } = holder;
      out.write(`${oneLine(`at work now: host ${host}, pid ${pid}, since ${since}: ${doing}`)}\n`);
    }
    const { version, commit } = last.program;
    const by = `by version ${version} (${commit})`;
    out.write(`${oneLine(`as of ${last.observedAt}, ${ageOf(last.observedAt)}, ${by}`)}\n`);
  }
  return report.exitCode;
}

function sizeOf({ allocatedBytes, budgetBytes }: NonNullable<StoredPasses['last']['disk']>): string {
  const budget = budgetBytes === null ? '' : `, of a diskBudget of ${size(budgetBytes)}`;
  return `${size(allocatedBytes)} on disk in all generations${budget}`;
}

/** A pass of which this clock says that it is still to come was stored under another one. */
function ageOf(observedAt: string): string {
  const ms = Date.now() - Date.parse(observedAt);
  if (ms >= 0) return `${duration(ms)} ago`;
  return ms > -SLEW_MS ? 'just now' : `by a clock that was ${duration(-ms)} ahead of this one`;
}

function statusOf(last: StoredPasses['last'], recipes: readonly string[]) {
  const { observedAt, program, error, enrolled, startedAt, disk } = last;
  const stranger = recipes.find((name) => !last.recipes.some(({ recipe }) => recipe === name));
  if (stranger !== undefined) throw new CannotRun(`the last pass knew no recipe called "${stranger}"`);
  const rows =
    recipes.length === 0 ? last.recipes : last.recipes.filter(({ recipe }) => recipes.includes(recipe));
  const summary: Record<string, number> = {};
  for (const { decision } of rows) summary[decision] = (own(summary, decision) ?? 0) + 1;
  return {
    apiVersion: 'reconcile/v1',
    kind: 'Status',
    observedAt,
    startedAt,
    exitCode: error === undefined ? exitCodeOf(rows, 'Pass') : 1,
    ...(error === undefined ? {} : { error }),
    program,
    summary,
    disk,
    enrolled,
    recipes: rows,
  };
}
