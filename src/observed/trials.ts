/** The stored trials of a recipe: what was tested, with which inputs, and what came of it. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Reading, TrialRecord } from '../reconciler/model.ts';
import { TRIAL_FILE, type Layout } from '../state/layout.ts';
import {
  Commit,
  GenerationNumber,
  namesIn,
  readStored,
  SafeName,
  Time,
  type Stored,
} from '../state/stored.ts';

/** Longer than any that a manifest can ask for; and a time that it is added to stays a time. */
const LONGEST_DELAY_MS = 20 * 366 * 86_400_000;

const Step = z.object({
  name: z.enum(['sync', 'checkout', 'install', 'upgrade', 'rest', 'promote', 'tidy']),
  startedAt: Time,
  endedAt: Time.nullable(),
  ok: z.boolean().nullable(),
  message: z.string().nullable(),
  log: SafeName,
});

const Trial = z.object({
  id: SafeName,
  recipe: SafeName,
  version: z.string(),
  commit: Commit,
  base: z.object({ version: z.string(), generation: GenerationNumber }).nullable(),
  generation: GenerationNumber,
  inputs: z.string(),
  verdict: z.enum(['green', 'red', 'timeout', 'infra', 'superseded', 'interrupted']).nullable(),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  startedAt: Time,
  endedAt: Time.nullable(),
  steps: z.array(Step),
  instance: z.object({ host: z.string(), pid: z.number(), term: z.string() }),
  program: z.object({ version: z.string(), commit: z.string() }),
  promoted: z.boolean(),
  retryAfterMs: z.number().min(0).max(LONGEST_DELAY_MS).nullable().default(null),
});

/**
 * Newest first, by the number that each reserved: times come from a clock that may have jumped. A trial whose own
 * file is damaged is reported and left out: it can hold nothing back, and must not stop its recipe for ever. One that
 * the system would not give out may hold something back all the same (invariant I7).
 */
export async function readTrials(
  layout: Layout,
  recipe: string,
  warn: (why: string) => void,
): Promise<Reading<TrialRecord[]>> {
  const names = await namesIn(layout.trials(recipe));
  if (!names.readable) return names;
  const trials: TrialRecord[] = [];
  for (const name of names.value) {
    const read = await readTrial(layout, recipe, name);
    if (!read.readable && !read.damaged) return read;
    if (!read.readable) warn(read.why);
    else if (read.value !== null) trials.push(read.value);
  }
  return { readable: true, value: trials.toSorted((a, b) => b.generation - a.generation) };
}

async function readTrial(layout: Layout, recipe: string, id: string): Promise<Stored<TrialRecord | null>> {
  const path = join(layout.trial(recipe, id), TRIAL_FILE);
  const read = await readStored(path, Trial);
  if (read.readable && read.value !== null && (read.value.id !== id || read.value.recipe !== recipe)) {
    const why = `${path} is of trial ${read.value.id} of ${read.value.recipe}`;
    return { readable: false, why, damaged: true };
  }
  return read;
}
