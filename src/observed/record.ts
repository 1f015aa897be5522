/** `canonical.json`. A record with only the five fields of the script that this program replaces is valid. */
import { z } from 'zod';
import type { CanonicalRecord, Reading } from '../reconciler/model.ts';
import { Commit, GenerationNumber, readStored, SafeName, Volume } from './stored.ts';

const Record = z.object({
  recipe: SafeName,
  version: z.string().min(1).max(255),
  commit: Commit,
  status: z.string(),
  ts: z.string(),
  generation: GenerationNumber.nullable().default(null),
  kept: z.array(GenerationNumber).default([]),
  driver: z.string().nullable().default(null),
  stack: SafeName.nullable().default(null),
  domain: z.string().nullable().default(null),
  volumes: z.array(Volume).default([]),
  trial: SafeName.nullable().default(null),
});

export async function readRecord(path: string, recipe: string): Promise<Reading<CanonicalRecord | null>> {
  const read = await readStored(path, Record);
  if (read.readable && read.value !== null && read.value.recipe !== recipe) {
    return { readable: false, why: `${path} is the record of ${read.value.recipe}, expected ${recipe}` };
  }
  return read;
}
