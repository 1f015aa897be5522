/** `canonical.json`: who reads it and who writes it go by one schema. One with only the five old fields is valid. */
import { z } from 'zod';
import type { CanonicalRecord, Reading } from '../reconciler/model.ts';
import { Commit, GenerationNumber, Image, readStored, SafeName, Volume, wordsOf } from './stored.ts';

const Record = z
  .object({
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
    images: z.array(Image).default([]),
    trial: SafeName.nullable().default(null),
  })
  // Written by this program it names a generation; by the script that it replaces, nothing that a generation has.
  .refine(
    ({ generation, kept, stack, volumes, trial }) =>
      generation !== null || (kept.length === 0 && stack === null && volumes.length === 0 && trial === null),
    'it names what a generation has, and no generation',
  );

export async function readRecord(path: string, recipe: string): Promise<Reading<CanonicalRecord | null>> {
  const read = await readStored(path, Record);
  if (read.readable && read.value !== null && read.value.recipe !== recipe) {
    return { readable: false, why: `${path} is the record of ${read.value.recipe}, expected ${recipe}` };
  }
  return read;
}

/** Why a record, once written, could not be read again; null where it could. */
export function faultIn(record: CanonicalRecord): string | null {
  const parsed = Record.safeParse(record);
  return parsed.success ? null : wordsOf(parsed.error);
}
