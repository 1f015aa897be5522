/** `reconcile --once [RECIPE…]`: one pass, then exit. */
import { once as onceEmitted } from 'node:events';
import type { Actor } from '../composition.ts';
import type { MetricsFile } from '../metrics/metrics-file.ts';
import { describe, Fenced } from '../reconciler/errors.ts';
import { runPass, type PassResult } from '../reconciler/pass.ts';
import type { Report } from '../reconciler/report.ts';
import { LeaseHeld } from '../state/lease.ts';
import type { Context, ExitCode } from './context.ts';
import { makeProgress } from './progress.ts';
import { printReport } from './report.ts';

export interface OnceRequest {
  recipes: readonly string[];
  retryFailed: boolean;
  metricsFile: string | null;
}

export async function once(context: Context, request: OnceRequest): Promise<ExitCode> {
  const { openActor, openMetricsFile } = await context.parts();
  const file = request.metricsFile === null ? null : await openMetricsFile(request.metricsFile);
  try {
    const actor = await openActor(await context.settings(), context.stop);
    return await actOnce(context, request, actor, file);
  } catch (error) {
    if (file !== null) await tellFailure(context, file, request, error);
    throw error;
  }
}

async function actOnce(
  context: Context,
  request: OnceRequest,
  actor: Actor,
  file: MetricsFile | null,
): Promise<ExitCode> {
  const { lease, ports } = actor;
  const progress = makeProgress(context.err);
  // A lost lease stops everything as a stop does, only that nothing is written any more.
  const stop = AbortSignal.any([context.stop, lease.term.lost]);
  try {
    lease.doing('observing');
    await actor.inspectAnew(request.recipes);
    const wanted = { only: request.recipes, retryFailed: request.retryFailed };
    const pass = runPass(wanted, ports, stop, (event) => {
      lease.doing(`trial ${event.trial.id}${event.step === null ? '' : `, ${event.step}`}`);
      file?.metrics.trialEvent(event);
      progress.event(event);
    });
    // Who lost the lease waits for nothing any more: the successor ends what was started.
    const result = await Promise.race([pass, rejectWhen(lease.term.lost)]);
    const report = await publish(result, request, actor, file);
    progress.end();
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

/** Stores the result and tells a monitor. What came of the pass is said whether or not anybody can look it up. */
async function publish(
  result: PassResult,
  { recipes }: OnceRequest,
  actor: Actor,
  file: MetricsFile | null,
): Promise<Report> {
  const whole = recipes.length === 0;
  let { report } = result;
  const failed = (error: unknown, why: string): void => {
    if (error instanceof Fenced) throw error;
    report = { ...report, exitCode: 1, error: why };
  };
  const others = await actor.store(result, { whole, isOver: true }).catch((error: unknown) => {
    failed(error, `the result of this pass could not be stored: ${describe(error)}`);
    return [];
  });
  if (file !== null) {
    const strays = await actor.ports.registry.strays();
    await file
      .passEnded({ ...result, report, whole, others, strays })
      .catch((error: unknown) => failed(error, describe(error)));
  }
  return report;
}

/** Where somebody else acts the file is theirs to write, and what it says is newer than what we know. */
async function tellFailure(
  context: Context,
  file: MetricsFile,
  { recipes }: OnceRequest,
  error: unknown,
): Promise<void> {
  if (error instanceof LeaseHeld || error instanceof Fenced) return;
  await file.passFailed({ whole: recipes.length === 0 }).catch(async (failure: unknown) => {
    (await context.log()).error({ error: describe(failure) }, 'that this pass failed could not be told');
  });
}

async function rejectWhen(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await onceEmitted(signal, 'abort');
  throw signal.reason;
}
