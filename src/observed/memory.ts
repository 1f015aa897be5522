/** `status.json`: what is remembered of a recipe between looks. */
import { z } from 'zod';
import type { Reading, RecipeMemory, ReleaseSighting } from '../reconciler/model.ts';
import { Acceptance, Commit, GenerationNumber, readStored, SafeName, Time, Uptime } from '../state/stored.ts';

const Trouble = z.object({ since: Time, message: z.string() });

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
  mirror: z
    .object({
      foreignTags: z.array(z.string()).default([]),
      rewrites: z
        .array(z.object({ ref: z.string(), from: Commit, to: Commit.nullable(), at: Time }))
        .default([]),
      failing: Trouble.nullable().default(null),
      pullRequests: Trouble.nullable().default(null),
    })
    .nullable()
    .default(null),
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
        observedGeneration: z.string().nullable().default(null),
        lastTransitionTime: Time,
      }),
    )
    .default([]),
});

/** A recipe of which nothing is remembered yet has an empty memory. */
export async function readMemory(path: string): Promise<Reading<RecipeMemory>> {
  const read = await readStored(path, Memory);
  if (!read.readable) return read;
  return { readable: true, value: read.value === null ? emptyMemory() : sharingMoments(read.value) };
}

export function emptyMemory(): RecipeMemory {
  return Memory.parse({});
}

/** What was seen at one look has one moment: held once, not once for each of hundreds of releases of thousands of recipes. */
function sharingMoments(memory: RecipeMemory): RecipeMemory {
  let last: Pick<ReleaseSighting, 'at' | 'uptime'> = { at: '', uptime: null };
  const shared = ({ commit, at, uptime }: ReleaseSighting): ReleaseSighting => {
    const same = at === last.at && uptime?.ms === last.uptime?.ms && uptime?.bootId === last.uptime?.bootId;
    if (!same) last = { at, uptime };
    return { commit, ...last };
  };
  const entries = Object.entries(memory.firstSeen);
  const firstSeen = Object.fromEntries(entries.map(([tag, sightings]) => [tag, sightings.map(shared)]));
  return { ...memory, firstSeen };
}
