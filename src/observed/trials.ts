/** The stored trials of a recipe: what was tested, with which inputs, and what came of it. */
import { join } from 'node:path';
import { z } from 'zod';
import type { DamagedTrial, Reading, TrialRecord } from '../reconciler/model.ts';
import { TRIAL_FILE, type Layout } from '../state/layout.ts';
import { numberOf } from '../state/made.ts';
import {
  Commit,
  GenerationNumber,
  Image,
  listFolder,
  readStored,
  SafeName,
  Time,
  Uptime,
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
  base: z.object({ version: z.string(), generation: GenerationNumber.nullable() }).nullable(),
  generation: GenerationNumber,
  inputs: z.string(),
  verdict: z.enum(['green', 'red', 'timeout', 'infra', 'superseded', 'interrupted']).nullable(),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  startedAt: Time,
  endedAt: Time.nullable(),
  uptime: z.object({ start: Uptime, end: Uptime.nullable() }).nullable().default(null),
  steps: z.array(Step),
  images: z.array(Image).default([]),
  notes: z.array(z.string()).default([]),
  instance: z.object({ host: z.string(), pid: z.number(), term: z.string() }),
  program: z.object({ version: z.string(), commit: z.string() }),
  promoted: z.boolean(),
  retryAfterMs: z.number().min(0).max(LONGEST_DELAY_MS).nullable().default(null),
});

/**
 * Newest first, by the number that each reserved: times come from a clock that may have jumped. A trial whose own
 * file is damaged is told of and left out: the others can still be judged by, and whether it may hold something back is for
 * whoever decides (`reconciler/holds.ts`). Where the system would not give one out, all of them are unreadable.
 */
export async function readTrials(
  layout: Layout,
  recipe: string,
  tell: (damaged: DamagedTrial) => void,
): Promise<Reading<TrialRecord[]>> {
  const folders = await readTrialFolders(layout, recipe);
  if (!folders.readable) return folders;
  const trials: TrialRecord[] = [];
  for (const { id, trial } of folders.value) {
    if (!trial.readable && !trial.damaged) return trial;
    if (!trial.readable) tell({ id, generation: numberOf(id), why: trial.why });
    else if (trial.value !== null) trials.push(trial.value);
  }
  return { readable: true, value: trials.toSorted((a, b) => b.generation - a.generation) };
}

/** Every folder among the trials, whatever is in it. */
export async function readTrialFolders(
  layout: Layout,
  recipe: string,
): Promise<Reading<{ id: string; trial: Stored<TrialRecord | null> }[]>> {
  const entries = await listFolder(layout.trials(recipe));
  if (!entries.readable) return entries;
  const folders: { id: string; trial: Stored<TrialRecord | null> }[] = [];
  for (const entry of entries.value) {
    const id = entry.name;
    // A file among the trials is none of them.
    if (entry.isFile()) continue;
    folders.push({ id, trial: await readTrial(layout, recipe, id) });
  }
  return { readable: true, value: folders };
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
