/** `reconcile status [RECIPE…]`: the last pass's stored result and its age. Asks no upstream. */
import { resolve } from 'node:path';
import { duration, size } from '../amounts.ts';
import { readPasses, type StoredPasses } from '../observed/passes.ts';
import { oneLine } from '../printable.ts';
import { CannotRun } from '../reconciler/errors.ts';
import { Layout } from '../state/layout.ts';
import { currentHolder } from '../state/lease.ts';
import { checkSchema } from '../state/schema.ts';
import { statusReport } from '../status-report.ts';
import type { Context, ExitCode } from './context.ts';
import { printReport } from './report.ts';

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
  const report = statusReport(last, recipes);
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
