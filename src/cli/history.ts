/** `reconcile history [RECIPE]`: trials, newest first. */
import { duration } from '../amounts.ts';
import { CannotRun } from '../reconciler/errors.ts';
import { lasted, newestFirst } from '../reconciler/history.ts';
import type { TrialRecord } from '../reconciler/model.ts';
import type { Context, ExitCode } from './context.ts';
import { outcome } from './report.ts';
import { json, table } from './text.ts';

export async function history(context: Context, recipe: string | null): Promise<ExitCode> {
  const { openReader } = await context.parts();
  const { registry } = await openReader(await context.settings());
  const tried = await registry.tried();
  if (!tried.readable) throw new CannotRun(`the state folder cannot be read: ${tried.why}`);
  const recipes: TrialRecord[][] = [];
  for (const name of recipe === null ? tried.value : [recipe]) {
    const read = await registry.trials(name);
    if (!read.readable) throw new CannotRun(`the trials of ${name} cannot be read: ${read.why}`);
    recipes.push(read.value);
  }
  const trials = newestFirst(recipes);
  if (recipe !== null && trials.length === 0 && !tried.value.includes(recipe)) {
    throw new CannotRun(`no trial of a recipe called "${recipe}" is stored`);
  }
  if (context.options.json) {
    context.out.write(json({ apiVersion: 'reconcile/v1', kind: 'History', trials }));
  } else {
    const header = ['STARTED', 'RECIPE', 'VERSION', 'FROM', 'OUTCOME', 'TOOK', 'TRIAL'];
    context.out.write(table(context.out, header, trials.map(rowOf)));
  }
  return 0;
}

function rowOf(trial: TrialRecord): string[] {
  const { id, recipe, version, base, startedAt, verdict, promoted, steps } = trial;
  const ms = lasted(trial);
  const step = verdict === 'green' ? null : (steps.find(({ ok }) => ok === false)?.name ?? null);
  return [
    startedAt,
    recipe,
    version,
    base?.version ?? '-',
    outcome({ id, verdict, promoted, step, message: null }),
    ms === null ? 'running' : duration(ms),
    id,
  ];
}
