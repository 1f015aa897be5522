/** The generations that a record names, as they lie on disk now, compared with what they were when promoted. */
import { join } from 'node:path';
import { z } from 'zod';
import { describe } from '../reconciler/errors.ts';
import type {
  CanonicalRecord,
  GenerationDocument,
  Manifest,
  ObservedGeneration,
  Reading,
  StoredGeneration,
} from '../reconciler/model.ts';
import type { Driver } from '../reconciler/ports.ts';
import { GENERATION_FILE, type Layout } from '../state/layout.ts';
import { Commit, GenerationNumber, readStored, SafeName, Volume } from '../state/stored.ts';

const Document = z.object({
  recipe: SafeName,
  generation: GenerationNumber,
  version: z.string(),
  commit: Commit,
  driver: z.string(),
  stack: SafeName,
  domain: z.string(),
  trial: SafeName,
  volumes: z.array(Volume),
  secrets: z.array(SafeName),
  program: z.object({ version: z.string(), commit: z.string() }).nullable().default(null),
  manifest: z.object({ file: z.string(), folder: z.string(), document: z.unknown() }),
});

export interface GenerationReader {
  layout: Layout;
  driver: Driver;
  /**
   * What reads a manifest that was stored with a generation; null comes back where this program no longer can. Loaded only
   * once a generation is read: a look at a fleet in which nothing changed reads none.
   */
  manifestReader: () => Promise<(stored: GenerationDocument['manifest']) => Manifest | null>;
}

/** The canonical first, then the kept ones as listed. One that cannot be read makes the whole answer unreadable. */
export async function observeGenerations(
  record: CanonicalRecord,
  reader: GenerationReader,
): Promise<Reading<ObservedGeneration[]>> {
  if (record.generation === null) return { readable: true, value: [] };
  const observed: ObservedGeneration[] = [];
  for (const number of [record.generation, ...record.kept]) {
    try {
      observed.push(await observe(record, number, reader));
    } catch (error) {
      return {
        readable: false,
        why: `cannot read generation ${number} of ${record.recipe}: ${describe(error)}`,
      };
    }
  }
  return { readable: true, value: observed };
}

/** What a generation says of itself. One that says to be another's cannot be read as this one. */
export async function readGeneration(
  recipe: string,
  number: number,
  { layout, manifestReader }: GenerationReader,
): Promise<StoredGeneration> {
  const folder = layout.generation(recipe, number);
  const document = await readStored(join(folder, GENERATION_FILE), Document);
  const stored = { generation: number, folder, document, manifest: null };
  if (!document.readable || document.value === null) return stored;
  const { generation, recipe: owner, manifest } = document.value;
  if (generation !== number || owner !== recipe) {
    const why = `${folder} holds generation ${generation} of ${owner}`;
    return { ...stored, document: { readable: false, why } };
  }
  const readManifest = await manifestReader();
  let read: Manifest | null = null;
  return {
    ...stored,
    // Most looks at a generation need no more than its volumes.
    get manifest() {
      return (read ??= readManifest(manifest));
    },
  };
}

async function observe(
  record: CanonicalRecord,
  number: number,
  reader: GenerationReader,
): Promise<ObservedGeneration> {
  const stored = await readGeneration(record.recipe, number, reader);
  if (!stored.document.readable) throw new Error(stored.document.why);
  const { folder } = stored;
  const document = stored.document.value;
  const stack = document?.stack ?? record.stack ?? `warm-${record.recipe}-${number}`;
  const foreign = (document?.driver ?? record.driver ?? reader.driver.kind) !== reader.driver.kind;
  const found = foreign
    ? { damage: [], bytes: 0, allocatedBytes: 0 }
    : await reader.driver.inspect({ stack, folder }, expectedOf(record, number, document));
  const lost = document === null ? [{ kind: 'missing' as const, what: GENERATION_FILE }] : [];
  return {
    generation: number,
    folder,
    document,
    get manifest() {
      return stored.manifest;
    },
    ...found,
    damage: [...found.damage, ...lost],
  };
}

/** Of the canonical the record itself is the word; of a kept one its own document is all there is. */
export function expectedOf(
  record: CanonicalRecord,
  number: number,
  document: GenerationDocument | null,
): Pick<GenerationDocument, 'volumes' | 'secrets'> {
  const volumes = number === record.generation ? record.volumes : (document?.volumes ?? []);
  return { volumes, secrets: document?.secrets ?? [] };
}
