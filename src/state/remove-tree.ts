/**
 * Removes a whole folder, whatever an app made of it: folders that it took the rights to away, and folders that lie
 * deeper than any path can reach. One that could not be removed would stand in the way of every later start.
 */
import { randomBytes } from 'node:crypto';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const SLASH = Buffer.from('/');
/** With a name behind it, still a path that the system takes. */
const LONGEST_PATH = 2048;
const OBSTACLES = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG']);

export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && OBSTACLES.has(String(error.code)))) throw error;
    await clearTheWay(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/**
 * Names are bytes: they need not be text. What failed first ended the removal only for us: the rest of it may still be
 * going on, so whatever is gone by now is as it should be.
 */
async function clearTheWay(root: string): Promise<void> {
  const folders: Buffer<ArrayBuffer>[] = [Buffer.from(root)];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    folders.push(...(await opened(folder, root).catch(noneWhereGone)));
  }
}

/** The folders in a folder that may be entered now, each at a path that can be reached. */
async function opened(folder: Buffer, root: string): Promise<Buffer<ArrayBuffer>[]> {
  await chmod(folder, 0o700);
  const inside: Buffer<ArrayBuffer>[] = [];
  for (const entry of await readdir(folder, { encoding: 'buffer', withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = Buffer.concat([folder, SLASH, entry.name]);
    if (path.length <= LONGEST_PATH) inside.push(path);
    else inside.push(...(await moveUp(path, root).catch(noneWhereGone)));
  }
  return inside;
}

async function moveUp(path: Buffer, root: string): Promise<Buffer<ArrayBuffer>[]> {
  const place = join(root, `deep-${randomBytes(12).toString('hex')}`);
  await chmod(path, 0o700);
  await rename(path, place);
  return [Buffer.from(place)];
}

function noneWhereGone(error: unknown): [] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
  throw error;
}
