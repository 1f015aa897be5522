/**
 * Reading a thousand manifests takes longer than everything else that a look does. What came of it last time is
 * remembered, by a digest of every byte that it was made of: the files, where they lie, and the program that read them.
 * So it can never be out of date; while nothing was edited it is read in place of them.
 */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Fleet, FleetMemory } from '../reconciler/model.ts';
import type { Contents } from './source-file.ts';

/** All that is remembered of a fleet; the rest lies outside of its manifests. */
export type ReadFleet = Omit<Fleet, 'memory'>;

/** `by`: what read them; another program may make something else of the same bytes. */
export function digestOf(folder: string, files: readonly Contents[], by: string): string {
  const hash = createHash('sha256');
  const add = (part: string | Buffer): void => {
    hash.update(`${Buffer.byteLength(part)}\0`).update(part);
  };
  for (const part of [by, process.version, folder, resolve(folder)]) add(part);
  for (const { label, bytes } of files) {
    add(label);
    add(bytes);
  }
  return hash.digest('hex');
}

/** Null where a fleet holds what would be another thing once it was stored. */
export function remember(fleet: ReadFleet, digest: string): FleetMemory | null {
  const text = JSON.stringify(fleet);
  if (!isDeepStrictEqual(JSON.parse(text), fleet)) return null;
  return { digest, text, check: checkOf(digest, text) };
}

/** Null where what is remembered is of other files, or is not whole. */
export function recall(memory: FleetMemory | null, digest: string): ReadFleet | null {
  if (memory === null || memory.digest !== digest || memory.check !== checkOf(digest, memory.text))
    return null;
  const fleet: ReadFleet = JSON.parse(memory.text);
  return fleet;
}

function checkOf(digest: string, text: string): string {
  return createHash('sha256').update(digest).update(text).digest('hex');
}
