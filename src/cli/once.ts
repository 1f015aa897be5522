/** `reconcile --once [RECIPE…]`: one pass, then exit. */
import { describe } from '../reconciler/errors.ts';
import { runPass } from '../reconciler/pass.ts';
import type { Context, ExitCode } from './context.ts';
import { makeProgress } from './progress.ts';
import { printReport } from './report.ts';

export async function once(
  context: Context,
  request: { recipes: readonly string[]; retryFailed: boolean },
): Promise<ExitCode> {
  const { openActor } = await context.parts();
  const actor = await openActor(await context.settings());
  const { lease, ports } = actor;
  const progress = makeProgress(context.err);
  // A lost lease stops everything as a stop does, only that nothing is written any more.
  const stop = AbortSignal.any([context.stop, lease.term.lost]);
  try {
    lease.doing('observing');
    const result = await runPass(
      { only: request.recipes, retryFailed: request.retryFailed },
      ports,
      stop,
      (event) => {
        lease.doing(`trial ${event.trial.id}${event.step === null ? '' : `, ${event.step}`}`);
        progress.event(event);
      },
    );
    await actor.store(result, request.recipes.length === 0);
    progress.end();
    printReport(context.out, context.err, result.report, context.options.json);
    return result.report.exitCode;
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
