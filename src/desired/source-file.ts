/** Files before anything is made of them: YAML takes longer to be loaded than a fleet that did not change to be read. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Problem } from '../reconciler/model.ts';
import type { YamlDocument } from './document.ts';
import { giveTurn } from '../turns.ts';
import { reasonOf } from './folder.ts';

/** A longer file is no manifest. */
export const MAX_BYTES = 1024 * 1024;

/** One file as it was read: its documents, or the problems that kept it from being read. */
export interface SourceFile {
  /** As people should see it in messages. */
  file: string;
  /** What stands for a recipe's name where none can be read. */
  label: string;
  /** Absolute; what relative paths in the file start from. */
  folder: string;
  /** Null where not even the text could be had. */
  text: string | null;
  documents: YamlDocument[];
  /** Of the file as a whole; those of a document are with the document. */
  problems: Problem[];
}

/** A file's bytes, before anything is made of them. */
export interface Contents {
  file: string;
  label: string;
  bytes: Buffer;
}

/** What cannot be read comes back as a file with that problem. */
export async function readContents(path: { file: string; label: string }): Promise<Contents | SourceFile> {
  try {
    return { ...path, bytes: await readRegularFile(path.file) };
  } catch (error) {
    return unreadableFile(path, `cannot read the file: ${reasonOf(error)}`);
  }
}

/** Also for a folder that cannot be looked into: what may lie in it is unknown, not absent (invariant I7). */
export function unreadableFile(path: { file: string; label: string }, message: string): SourceFile {
  return {
    ...path,
    folder: dirname(resolve(path.file)),
    text: null,
    documents: [],
    problems: [{ file: path.file, line: 1, column: 1, message }],
  };
}

async function readRegularFile(path: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a named pipe waits for somebody to write to it.
  await giveTurn();
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is not a regular file');
    if (stats.size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES / 1024} KiB`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
