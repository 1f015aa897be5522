/** The logs of a trial's steps. */
import { join } from 'node:path';
import type { TrialRecord } from '../reconciler/model.ts';
import type { Layout } from '../state/layout.ts';
import { readRegularFile } from '../state/stored.ts';

/** Empty where there is no such log: a trial that failed early may have none. */
export async function readLog(layout: Layout, recipe: string, trial: string, log: string): Promise<string> {
  try {
    return await readRegularFile(join(layout.trial(recipe, trial), log));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

const TAIL_LINES = 15;

/** The end of the log of the step that failed; empty where none did. */
export async function readFailureTail(layout: Layout, trial: TrialRecord | null): Promise<string[]> {
  const failed = trial?.steps.find(({ ok }) => ok === false);
  if (trial === null || failed === undefined) return [];
  return await readLogTail(layout, trial.recipe, trial.id, failed.log, TAIL_LINES);
}

async function readLogTail(
  layout: Layout,
  recipe: string,
  trial: string,
  log: string,
  count: number,
): Promise<string[]> {
  const text = await readLog(layout, recipe, trial, log);
  return text
    .trimEnd()
    .split('\n')
    .slice(-count)
    .filter((line) => line !== '');
}
