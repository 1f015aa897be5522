// What lies in a folder: type, mode and contents of every entry, for comparing before and after.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A map from path to what lies there. Times of folders and files are left out: reading may move them. */
export function listing(folder) {
  const names = readdirSync(folder, { recursive: true }).map(String).toSorted();
  return new Map(names.map((name) => [name, describe(join(folder, name))]));
}

/** Paths that were added, removed or changed. */
export function changes(before, after) {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).toSorted();
}

function describe(path) {
  const status = lstatSync(path);
  const mode = (status.mode & 0o7777).toString(8);
  if (status.isDirectory()) return `folder ${mode}`;
  if (status.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  return `file ${mode} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}
