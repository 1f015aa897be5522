/** `reconcile cancel RECIPE`: ends its running trial as `interrupted`. */
import { CannotRun } from '../reconciler/errors.ts';
import type { TrialRecord } from '../reconciler/model.ts';
import type { Layout } from '../state/layout.ts';
import { termsByLife } from '../state/lease.ts';
import { ask, report } from './ask.ts';
import type { Context, ExitCode } from './context.ts';

/** An app may take its time to end, and then its processes are counted until none is left. */
const TEARDOWN_MS = 60_000;

export async function cancel(context: Context, recipe: string): Promise<ExitCode> {
  const { openReader } = await context.parts();
  const { layout, registry } = await openReader(await context.settings());
  const trials = await registry.trials(recipe);
  if (!trials.readable) throw new CannotRun(`the trials of ${recipe} cannot be read: ${trials.why}`);
  const running = await runningTrial(trials.value, layout);
  if (running === null) throw noneRuns(recipe, trials.value[0]);
  const wish = { verb: 'cancel', recipe, trial: running.id } as const;
  return report(context, wish, await ask(context, layout, wish, TEARDOWN_MS));
}

/** An open trial runs as long as somebody stands behind its term. */
async function runningTrial(trials: readonly TrialRecord[], layout: Layout): Promise<TrialRecord | null> {
  const { living } = await termsByLife(layout);
  return trials.find(({ endedAt, instance }) => endedAt === null && living.has(instance.term)) ?? null;
}

function noneRuns(recipe: string, last: TrialRecord | undefined): CannotRun {
  const message = `no trial of ${recipe} runs`;
  if (last === undefined) return new CannotRun(`${message}, and none is stored`);
  const end = last.endedAt === null ? 'was cut short' : `ended as ${last.verdict} at ${last.endedAt}`;
  return new CannotRun(`${message}: its last one, ${last.id}, ${end}`);
}
