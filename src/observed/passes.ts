/** The last pass's stored result and the history of passes before it, in one file. */
import { statSync } from 'node:fs';
import { z } from 'zod';
import type { FleetMemory, Inspected, Row, Settled } from '../reconciler/model.ts';
import type { Layout } from '../state/layout.ts';
import { unpackSettled, type Entry } from '../state/settled.ts';
import { conforming, readJson, readStored, type Stored } from '../state/stored.ts';

const Version = z.object({ version: z.string(), commit: z.string() });
const Program = z.object({ version: z.string(), commit: z.string() });

const Pause = z.looseObject({
  reason: z.string(),
  by: z.string().nullable(),
  until: z.string().nullable(),
});

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
  suspended: Pause.nullable().default(null),
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
    /** Null where the fleet was not frozen, and in what earlier versions stored. */
    freeze: Pause.nullable().default(null),
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

const Inspections = z.object({
  inspected: z.array(
    z.object({
      stack: z.string(),
      expected: z.string(),
      at: z.string(),
      bytes: z.number(),
      allocatedBytes: z.number(),
    }),
  ),
});

/** Only what was written by this program passes its check sum, so no more is asked of what it is made of. */
const Settlement = z.object({
  settled: z.object({
    by: z.string(),
    at: z.string(),
    recipes: z.array(z.custom<Entry>()),
    check: z.string(),
  }),
  last: z.object({ recipes: z.array(z.custom<Row>()) }),
});

/** A pass needs three things of the file: it is read once for all of them, while it is the same file. */
export class PassesFile {
  readonly #path: string;
  #read: { identity: string; found: ReturnType<typeof readJson> } | null = null;

  constructor(layout: Layout) {
    this.#path = layout.passes;
  }

  async history(): Promise<Stored<z.infer<typeof History> | null>> {
    return await this.#readAs(History);
  }

  /** What came of the manifests when they were read last; null where nothing is remembered, or it cannot be read. */
  async memory(): Promise<FleetMemory | null> {
    const read = await this.#readAs(Remembered);
    return read.readable ? (read.value?.memory ?? null) : null;
  }

  /** What was inspected lately and found to be well; nothing where nothing is remembered, or it cannot be read. */
  async inspected(): Promise<readonly Inspected[]> {
    const read = await this.#readAs(Inspections);
    return read.readable ? (read.value?.inspected ?? []) : [];
  }

  /** Recipes that were settled; null where nothing is remembered, or it cannot be read. */
  async settled(): Promise<{ by: string; at: string; recipes: ReadonlyMap<string, Settled> } | null> {
    const read = await this.#readAs(Settlement);
    if (!read.readable || read.value === null) return null;
    const { settled, last } = read.value;
    const rows = new Map(last.recipes.map((row) => [row.recipe, row]));
    const recipes = unpackSettled(settled, rows);
    return recipes === null ? null : { by: settled.by, at: settled.at, recipes };
  }

  async #readAs<S extends z.ZodType>(schema: S): Promise<Stored<z.output<S> | null>> {
    const identity = this.#identity();
    if (identity === null) return await readStored(this.#path, schema);
    if (this.#read?.identity !== identity) this.#read = { identity, found: readJson(this.#path) };
    return conforming(this.#path, await this.#read.found, schema);
  }

  /** It is replaced as a whole whenever it is written. Null where there is none, or none can be told. */
  #identity(): string | null {
    try {
      const { dev, ino, size, ctimeNs } = statSync(this.#path, { bigint: true });
      return `${dev} ${ino} ${size} ${ctimeNs}`;
    } catch {
      return null;
    }
  }
}

export async function readPasses(layout: Layout): Promise<Stored<StoredPasses | null>> {
  return await readStored(layout.passes, StoredPasses);
}
