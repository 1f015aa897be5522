/** `status.json`: what is remembered of a recipe between looks. */
import { z } from 'zod';
import type { Reading, RecipeMemory } from '../reconciler/model.ts';
import { Acceptance, Commit, GenerationNumber, readStored, SafeName, Time, Uptime } from '../state/stored.ts';

const Memory = z.object({
  firstSeen: z
    .record(
      z.string(),
      z.array(z.object({ commit: Commit, at: Time, uptime: Uptime.nullable().default(null) })),
    )
    .default({}),
  notCommits: z.record(z.string(), Commit).default({}),
  accepted: Acceptance.nullable().default(null),
  rebuild: z.object({ generation: GenerationNumber.nullable(), at: Time }).nullable().default(null),
  holdsFrom: z.record(z.string(), Time).default({}),
  driftSince: Time.nullable().default(null),
  dueSince: Time.nullable().default(null),
  lastVerdict: z
    .object({
      trial: SafeName,
      verdict: z.enum(['green', 'red', 'timeout', 'infra', 'superseded', 'interrupted']),
      at: Time,
    })
    .nullable()
    .default(null),
  conditions: z
    .array(
      z.object({
        type: z.enum(['Ready', 'Reconciling', 'Stalled']),
        status: z.enum(['True', 'False']),
        reason: z.string(),
        message: z.string(),
        lastTransitionTime: Time,
      }),
    )
    .default([]),
});

/** A recipe of which nothing is remembered yet has an empty memory. */
export async function readMemory(path: string): Promise<Reading<RecipeMemory>> {
  const read = await readStored(path, Memory);
  if (!read.readable) return read;
  return { readable: true, value: read.value ?? emptyMemory() };
}

export function emptyMemory(): RecipeMemory {
  return Memory.parse({});
}
