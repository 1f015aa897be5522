import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Problem } from '../reconciler/model.ts';
import { assembleFleet } from './fleet.ts';
import { reasonOf } from './folder.ts';
import { readFolder } from './manifests.ts';
import { compareText, sortProblems } from './problems.ts';
import { readSourceFile } from './documents.ts';
import { unreadableFile, type SourceFile } from './source-file.ts';

export { formatProblem } from './problems.ts';

export interface Validation {
  /** The files that were read. */
  files: string[];
  /** The recipes whose manifests are valid. */
  recipes: string[];
  problems: Problem[];
}

/** Judges files, and all manifests below folders, together; touches nothing else. */
export async function validate(targets: readonly string[]): Promise<Validation> {
  const sources = new Map<string, SourceFile>();
  const problems: Problem[] = [];
  for (const target of targets) {
    const found = await readTarget(target);
    // Named twice, once by itself and once by its folder, a file is still one file.
    for (const source of found) sources.set(resolve(source.file), source);
    if (found.length === 0) {
      problems.push({
        file: target,
        line: 1,
        column: 1,
        message: 'there is no *.yaml or *.yml below this folder',
      });
    }
  }
  const fleet = await assembleFleet([...sources.values()], () => Promise.resolve([]));
  return {
    files: [...sources.values()]
      .filter(({ text }) => text !== null)
      .map(({ file }) => file)
      .toSorted(compareText),
    recipes: fleet.manifests.map(({ name }) => name).toSorted(compareText),
    problems: sortProblems([...problems, ...fleet.problems]),
  };
}

async function readTarget(target: string): Promise<SourceFile[]> {
  const path = { file: target, label: target };
  try {
    const isFolder = (await stat(target)).isDirectory();
    return isFolder ? await readFolder(target) : [await readSourceFile(path)];
  } catch (error) {
    return [unreadableFile(path, `cannot read it: ${reasonOf(error)}`)];
  }
}
