/** The last pass's stored result and the history of passes before it, in one file. */
import { z } from 'zod';
import type { FleetMemory } from '../reconciler/model.ts';
import type { Layout } from '../state/layout.ts';
import { readStored, type Stored } from '../state/stored.ts';

const Version = z.object({ version: z.string(), commit: z.string() });
const Program = z.object({ version: z.string(), commit: z.string() });

const StoredRow = z.looseObject({
  recipe: z.string(),
  decision: z.string(),
  drift: z.string().nullable(),
  reason: z.string(),
  message: z.string(),
  latest: Version.nullable(),
  canonical: Version.extend({ generation: z.number().nullable() }).nullable(),
  after: z.array(z.string()),
  nextAt: z.string().nullable(),
  acted: z.boolean(),
  trial: z
    .object({
      id: z.string(),
      verdict: z.string().nullable(),
      step: z.string().nullable(),
      message: z.string().nullable(),
      promoted: z.boolean(),
    })
    .nullable(),
  /** Null where the recipe has no remote mirror, and in what earlier versions stored. */
  mirror: z
    .looseObject({
      url: z.string(),
      state: z.string(),
      message: z.string(),
      due: z.boolean(),
      pullRequests: z.string().nullable(),
      failingSince: z.string().nullable().default(null),
    })
    .nullable()
    .default(null),
  notes: z.array(z.string()).default([]),
  /** From here to `damage`, and `allocatedBytes`: absent from what earlier versions stored. */
  suspended: z.looseObject({ until: z.string().nullable() }).nullable().default(null),
  suspensionEnded: z.string().nullable().default(null),
  driftSince: z.string().nullable().default(null),
  promotedAt: z.string().nullable().default(null),
  lastVerdict: z.object({ trial: z.string(), verdict: z.string(), at: z.string() }).nullable().default(null),
  damage: z.number().default(0),
  bytes: z.number(),
  allocatedBytes: z.number().default(0),
  /** Null where it could not be read, and in what earlier versions stored. */
  leftovers: z
    .array(
      z.looseObject({ kind: z.string(), where: z.string(), ours: z.boolean(), bytes: z.number().nullable() }),
    )
    .nullable()
    .default(null),
  observedAt: z.string(),
});
export type StoredRow = z.infer<typeof StoredRow>;

const PassSummary = z.object({
  startedAt: z.string(),
  endedAt: z.string(),
  exitCode: z.number(),
  error: z.string().optional(),
  summary: z.record(z.string(), z.number()),
  program: Program,
});

const StoredPasses = z.object({
  last: z.object({
    startedAt: z.string(),
    observedAt: z.string(),
    exitCode: z.number(),
    error: z.string().optional(),
    program: Program,
    /** Recipes that were enrolled when it began. */
    enrolled: z.array(z.string()),
    /** Where the Reconciler document stood: should it become unreadable, it is not absent. */
    configFile: z.string().nullable().default(null),
    summary: z.record(z.string(), z.number()),
    disk: z
      .object({ allocatedBytes: z.number(), budgetBytes: z.number().nullable() })
      .nullable()
      .default(null),
    recipes: z.array(StoredRow),
  }),
  /** Newest first, the last one included. */
  history: z.array(PassSummary),
});
export type StoredPasses = z.infer<typeof StoredPasses>;

/** What a pass over all recipes needs of those before it. */
const History = StoredPasses.pick({ history: true });

const Remembered = z.object({
  memory: z.object({ digest: z.string(), text: z.string(), check: z.string() }).nullable().default(null),
});

export async function readHistory(layout: Layout): Promise<Stored<z.infer<typeof History> | null>> {
  return await readStored(layout.passes, History);
}

/** What came of the manifests when they were read last; null where nothing is remembered, or it cannot be read. */
export async function readFleetMemory(layout: Layout): Promise<FleetMemory | null> {
  const read = await readStored(layout.passes, Remembered);
  return read.readable ? (read.value?.memory ?? null) : null;
}

export async function readPasses(layout: Layout): Promise<Stored<StoredPasses | null>> {
  return await readStored(layout.passes, StoredPasses);
}
