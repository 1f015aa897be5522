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
  /** Reads a manifest that was stored with a generation; null where this program no longer can. */
  readManifest: (stored: GenerationDocument['manifest']) => Manifest | null;
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

async function observe(
  record: CanonicalRecord,
  number: number,
  reader: GenerationReader,
): Promise<ObservedGeneration> {
  const folder = reader.layout.generation(record.recipe, number);
  const read = await readStored(join(folder, GENERATION_FILE), Document);
  if (!read.readable) throw new Error(read.why);
  const document = read.value;
  if (document !== null && (document.generation !== number || document.recipe !== record.recipe)) {
    throw new Error(`${folder} holds generation ${document.generation} of ${document.recipe}`);
  }
  // Of the canonical the record itself is the word; of a kept one its own document is all there is.
  const volumes = number === record.generation ? record.volumes : (document?.volumes ?? []);
  const stack = document?.stack ?? record.stack ?? `warm-${record.recipe}-${number}`;
  const expected = { volumes, secrets: document?.secrets ?? [] };
  const foreign = (document?.driver ?? record.driver ?? reader.driver.kind) !== reader.driver.kind;
  const found = foreign
    ? { damage: [], bytes: 0, allocatedBytes: 0 }
    : await reader.driver.inspect({ stack, folder }, expected);
  const lost = document === null ? [{ kind: 'missing' as const, what: GENERATION_FILE }] : [];
  return {
    generation: number,
    folder,
    document,
    manifest: document === null ? null : reader.readManifest(document.manifest),
    ...found,
    damage: [...found.damage, ...lost],
  };
}
