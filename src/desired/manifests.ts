import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotRun } from '../reconciler/errors.ts';
import type { FleetSource } from '../reconciler/ports.ts';
import { assembleFleet } from './fleet.ts';
import { findManifestFiles, reasonOf } from './folder.ts';
import { readSourceFile, unreadableFile, type SourceFile } from './source-file.ts';

export { readStored } from './recipe.ts';

/**
 * Desired state as a folder of manifests, read anew at every look. `knownRecipes` names the recipes that have a record:
 * they may be depended on without a manifest. `knownConfigFile`: where the last pass found the Reconciler document.
 */
export function manifestFolder(
  folder: string,
  knownRecipes: () => Promise<readonly string[]>,
  knownConfigFile: () => Promise<string | null> = () => Promise.resolve(null),
): FleetSource {
  return {
    async load() {
      await assertReadable(folder);
      return await assembleFleet(await readFolder(folder), knownRecipes, knownConfigFile);
    },
  };
}

/** Every manifest below a folder, with what cannot be read of it. */
export async function readFolder(folder: string): Promise<SourceFile[]> {
  const { files, unreadable } = await findManifestFiles(folder);
  const sources: SourceFile[] = [];
  for (const path of files) sources.push(await readSourceFile({ file: join(folder, path), label: path }));
  for (const { path, why } of unreadable) {
    const at = { file: join(folder, path), label: path === '' ? folder : path };
    sources.push(unreadableFile(at, `cannot look into the folder: ${why}`));
  }
  return sources;
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
