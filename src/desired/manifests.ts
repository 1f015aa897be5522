import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotRun } from '../reconciler/errors.ts';
import type { FleetMemory } from '../reconciler/model.ts';
import type { FleetSource } from '../reconciler/ports.ts';
import { digestCommandFiles } from './command-files.ts';
import { digestOf, recall, remember, type ReadFleet } from './fleet-memory.ts';
import { findManifestFiles, reasonOf } from './folder.ts';
import { readContents, unreadableFile, type Contents, type SourceFile } from './source-file.ts';

export interface Surroundings {
  /** Recipes that have a record: they may be depended on without a manifest. */
  knownRecipes: () => Promise<readonly string[]>;
  /** Where the last pass found the Reconciler document. */
  knownConfigFile?: () => Promise<string | null>;
  /** What came of the manifests when they were read last. */
  remembered?: () => Promise<FleetMemory | null>;
  /** Names this program and its build. */
  program?: string;
}

/** Desired state as a folder of manifests, read anew at every look. */
export function manifestFolder(folder: string, surroundings: Surroundings): Pick<FleetSource, 'load'> {
  return {
    async load() {
      await assertReadable(folder);
      const read = await contentsOf(folder);
      const { fleet, memory } =
        (await recalled(folder, read, surroundings)) ?? (await made(folder, read, surroundings));
      const manifests = await Promise.all(
        fleet.manifests.map(async (manifest) => ({
          ...manifest,
          commandFiles: await digestCommandFiles(manifest),
        })),
      );
      return { ...fleet, manifests, memory };
    },
  };
}

interface Read {
  contents: Contents[];
  /** What could not be read: nothing is remembered of a fleet that lacks something for a while. */
  unreadable: SourceFile[];
}

interface Loaded {
  fleet: ReadFleet;
  memory: FleetMemory | null;
}

async function recalled(
  folder: string,
  { contents, unreadable }: Read,
  { remembered, program = '' }: Surroundings,
): Promise<Loaded | null> {
  if (remembered === undefined || unreadable.length > 0) return null;
  const memory = await remembered();
  const fleet = recall(memory, digestOf(folder, contents, program));
  return fleet === null ? null : { fleet, memory };
}

/** What this takes, YAML and schemas, is loaded only once files were edited. */
async function made(folder: string, read: Read, surroundings: Surroundings): Promise<Loaded> {
  const { knownRecipes, knownConfigFile, remembered, program = '' } = surroundings;
  const { contents, unreadable } = read;
  const [{ sourceIn }, { assembleFleet }] = await Promise.all([
    import('./documents.ts'),
    import('./fleet.ts'),
  ]);
  const sources = [...contents.map(sourceIn), ...unreadable];
  // What such a file may hold hangs on what it held before.
  let hangsOnOthers = sources.some(({ text }) => text === null);
  const askedFor = async (): Promise<readonly string[]> => {
    hangsOnOthers = true;
    return await knownRecipes();
  };
  const fleet = await assembleFleet(sources, askedFor, knownConfigFile);
  const isWorthIt = remembered !== undefined && !hangsOnOthers;
  return { fleet, memory: isWorthIt ? remember(fleet, digestOf(folder, contents, program)) : null };
}

/** Every manifest below a folder, with what cannot be read of it. */
export async function readFolder(folder: string): Promise<SourceFile[]> {
  const { contents, unreadable } = await contentsOf(folder);
  const { sourceIn } = await import('./documents.ts');
  return [...contents.map(sourceIn), ...unreadable];
}

async function contentsOf(folder: string): Promise<Read> {
  const { files, unreadable } = await findManifestFiles(folder);
  const read: Read = { contents: [], unreadable: [] };
  for (const path of files) {
    const found = await readContents({ file: join(folder, path), label: path });
    if ('bytes' in found) read.contents.push(found);
    else read.unreadable.push(found);
  }
  for (const { path, why } of unreadable) {
    const at = { file: join(folder, path), label: path === '' ? folder : path };
    read.unreadable.push(unreadableFile(at, `cannot look into the folder: ${why}`));
  }
  return read;
}

async function assertReadable(folder: string): Promise<void> {
  const refuse = (why: string, cause?: unknown) =>
    new CannotRun(`cannot read the manifests in ${folder}: ${why}`, {
      hint: 'name the folder with --manifests DIR or $RECONCILE_MANIFESTS',
      cause,
    });
  try {
    if ((await stat(folder)).isDirectory()) return;
  } catch (error) {
    throw refuse(reasonOf(error), error);
  }
  throw refuse('it is not a folder');
}
