/** `reconcile logs RECIPE [--trial ID] [--step NAME] [--follow]`: what a trial did and what its app said. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '../composition.ts';
import { readLog } from '../observed/logs.ts';
import { printable } from '../printable.ts';
import { CannotRun } from '../reconciler/errors.ts';
import type { TrialRecord } from '../reconciler/model.ts';
import type { Context, ExitCode } from './context.ts';
import { json, paint } from './text.ts';

export interface LogsRequest {
  recipe: string;
  trial: string | null;
  step: string | null;
  follow: boolean;
}

const LOOK_AGAIN_MS = 200;

export async function logs(context: Context, request: LogsRequest): Promise<ExitCode> {
  const { openReader } = await context.parts();
  const reader = await openReader(await context.settings());
  const trial = await findTrial(reader, request);
  if (context.options.json) {
    const steps = await Promise.all(
      stepsOf(trial, request).map(async ({ name, log }) => ({
        step: name,
        lines: lines(await readLog(reader.layout, request.recipe, trial.id, log)),
      })),
    );
    context.out.write(json({ apiVersion: 'reconcile/v1', kind: 'Logs', trial, logs: steps }));
    return 0;
  }
  const shown = new Map<string, number>();
  await printNew(context, reader, trial, request, shown);
  while (request.follow && !context.stop.aborted) {
    const now = await findTrial(reader, { ...request, trial: trial.id });
    await printNew(context, reader, now, request, shown);
    if (now.endedAt !== null) break;
    await sleep(LOOK_AGAIN_MS, undefined, { signal: context.stop }).catch(() => undefined);
  }
  return 0;
}

/** Prints what each log says beyond what was shown of it. */
async function printNew(
  { out }: Context,
  reader: Reader,
  trial: TrialRecord,
  request: LogsRequest,
  shown: Map<string, number>,
): Promise<void> {
  for (const { name, log } of stepsOf(trial, request)) {
    const all = lines(await readLog(reader.layout, request.recipe, trial.id, log));
    const before = shown.get(name);
    if (before === undefined && request.step === null) out.write(`${paint(out, 'bold', `== ${name}`)}\n`);
    for (const line of all.slice(before ?? 0)) out.write(`${printable(line)}\n`);
    shown.set(name, all.length);
  }
}

async function findTrial({ registry }: Reader, { recipe, trial, step }: LogsRequest): Promise<TrialRecord> {
  const trials = await registry.trials(recipe);
  if (!trials.readable) throw new CannotRun(`the trials of ${recipe} cannot be read: ${trials.why}`);
  const found = trial === null ? trials.value[0] : trials.value.find(({ id }) => id === trial);
  if (found === undefined) {
    const what = trial === null ? 'no trial' : `no trial ${trial}`;
    const hint = 'see "reconcile history" for those that are stored';
    throw new CannotRun(`${what} of a recipe called "${recipe}" is stored`, { hint });
  }
  const names = found.steps.map(({ name }) => name);
  if (step !== null && !names.some((name) => name === step)) {
    throw new CannotRun(`trial ${found.id} has no step "${step}"; it has ${names.join(', ')}`);
  }
  return found;
}

function stepsOf(trial: TrialRecord, { step }: LogsRequest): TrialRecord['steps'] {
  return trial.steps.filter(({ name }) => step === null || name === step);
}

/** Only whole lines: the last one may still be being written. */
function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
