/** `reconcile --once [RECIPE…]`: one pass, then exit. */
import { once as onceEmitted } from 'node:events';
import { describe, Fenced } from '../reconciler/errors.ts';
import { runPass } from '../reconciler/pass.ts';
import type { Context, ExitCode } from './context.ts';
import { makeProgress } from './progress.ts';
import { printReport } from './report.ts';

export async function once(
  context: Context,
  request: { recipes: readonly string[]; retryFailed: boolean },
): Promise<ExitCode> {
  const { openActor } = await context.parts();
  const actor = await openActor(await context.settings(), context.stop);
  const { lease, ports } = actor;
  const progress = makeProgress(context.err);
  // A lost lease stops everything as a stop does, only that nothing is written any more.
  const stop = AbortSignal.any([context.stop, lease.term.lost]);
  try {
    lease.doing('observing');
    const wanted = { only: request.recipes, retryFailed: request.retryFailed };
    const pass = runPass(wanted, ports, stop, (event) => {
      lease.doing(`trial ${event.trial.id}${event.step === null ? '' : `, ${event.step}`}`);
      progress.event(event);
    });
    // Who lost the lease waits for nothing any more: the successor ends what was started.
    const result = await Promise.race([pass, rejectWhen(lease.term.lost)]);
    const whole = request.recipes.length === 0;
    const unstored = await actor.store(result, whole).then(() => null, whyNotStored);
    progress.end();
    // What came of the pass is said all the same: nobody can look it up.
    const report = unstored === null ? result.report : { ...result.report, exitCode: 1, error: unstored };
    printReport(context.out, context.err, report, context.options.json);
    return report.exitCode;
  } finally {
    progress.end();
    await lease.release().catch(async (error: unknown) => {
      (await context.log()).error(
        { error: describe(error) },
        'the lease could not be released; it is taken over at once',
      );
    });
  }
}

function whyNotStored(error: unknown): string {
  if (error instanceof Fenced) throw error;
  return `the result of this pass could not be stored: ${describe(error)}`;
}

async function rejectWhen(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await onceEmitted(signal, 'abort');
  throw signal.reason;
}
