/**
 * `--metrics-file`: the whole exposition, for the textfile collector of node_exporter. It is put in place as a whole, so
 * that nobody ever reads half of it. Counters go on from what the file said before: a process that ends with its pass
 * would otherwise count to one, again and again (docs/decisions/0017).
 */
import { constants } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { CannotRun, describe } from '../reconciler/errors.ts';
import type { Program } from '../reconciler/model.ts';
import { readRegularFile } from '../state/stored.ts';
import { isMissing } from '../state/term.ts';
import { countingOn, samplesIn, withValues, type Samples } from './exposition.ts';
import { Metrics, type EndedPass } from './metrics.ts';
import type { NameOf } from './series.ts';

export interface MetricsFile {
  /** Told of events while the pass runs. */
  metrics: Metrics;
  passEnded(pass: EndedPass): Promise<void>;
  /** A pass came to no result: all that is known of the recipes is what the file said before. */
  passFailed(pass: { whole: boolean }): Promise<void>;
}

const COMPLETED: NameOf<'gauge'> = 'reconciler_pass_last_completed_timestamp_seconds';
const EXIT_CODE: NameOf<'gauge'> = 'reconciler_pass_last_exit_code';
const OURS: NameOf<'gauge'> = 'reconciler_build_info';

/** Refuses before the pass what could only fail after it. */
export async function openMetricsFile(path: string, program: Program): Promise<MetricsFile> {
  if (!basename(path).endsWith('.prom')) {
    const hint = 'the textfile collector reads no other file';
    throw new CannotRun(`--metrics-file is "${path}", expected a name that ends in .prom`, { hint });
  }
  const file = resolve(path);
  await earlierText(file);
  await access(dirname(file), constants.W_OK).catch((error: unknown) => {
    throw notWritten(file, error);
  });
  const metrics = new Metrics(program);
  return {
    metrics,
    passEnded: async (pass) => {
      const before = samplesIn(await earlierText(file));
      resume(metrics, before);
      metrics.passEnded(pass);
      await replace(file, countingOn(await metrics.text(), before));
    },
    passFailed: async (pass) => {
      const text = await earlierText(file);
      resume(metrics, samplesIn(text));
      metrics.passFailed(pass);
      const own = await metrics.text();
      await replace(file, text === '' ? own : amended(text, samplesIn(own)));
    },
  };
}

/** What was said before, with what has been counted since, and how the pass ended. */
function amended(text: string, own: Samples): string {
  return withValues(countingOn(text, own), new Map([[EXIT_CODE, own.get(EXIT_CODE) ?? 1]]));
}

function resume(metrics: Metrics, before: Samples): void {
  metrics.lastPassWas({ exitCode: before.get(EXIT_CODE) ?? 0, completedAt: before.get(COMPLETED) ?? 0 });
}

/** Empty where there is none yet. What somebody else wrote is not written over. */
async function earlierText(file: string): Promise<string> {
  let text: string;
  try {
    text = await readRegularFile(file);
  } catch (error) {
    if (isMissing(error)) return '';
    throw new CannotRun(`could not read what ${file} says before it is replaced: ${describe(error)}`);
  }
  if (text.trim() === '') return '';
  if (!text.includes(`${OURS}{`)) {
    const hint = 'name another file with --metrics-file, or remove this one';
    throw new CannotRun(`${file} was not written by this program, and is not replaced`, { hint });
  }
  return text;
}

/** Written under another name, by nobody else at the same time, and renamed. */
async function replace(file: string, text: string): Promise<void> {
  const unfinished = `${file}.unfinished`;
  try {
    await rm(unfinished, { force: true });
    const handle = await open(unfinished, 'wx');
    try {
      // The collector runs as another user, whatever our umask is.
      await handle.chmod(0o644);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    throw notWritten(file, error);
  }
}

function notWritten(file: string, error: unknown): CannotRun {
  const hint = 'name a file in a folder that exists and that this user may write to';
  return new CannotRun(`could not write the metrics to ${file}: ${describe(error)}`, { cause: error, hint });
}
