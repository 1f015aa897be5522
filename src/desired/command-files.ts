import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import type { Manifest } from '../reconciler/model.ts';

/** Beyond this, a file's size stands for the rest of it. */
const MAX_HASHED_BYTES = 4 * 1024 * 1024;

/**
 * Digests of the regular files that arguments of checks and provide commands name, by argument: relative to the
 * manifest's folder, or absolute within it. A file that cannot be read is an input too: once it can be, it differs.
 */
export async function digestCommandFiles(manifest: Manifest): Promise<Record<string, string>> {
  const commands = [
    ...manifest.checks.map((check) => check.command),
    ...manifest.dependsOn.flatMap((dependency) => dependency.provide),
  ];
  const digests: Record<string, string> = {};
  for (const argument of [...new Set(commands.flat())].toSorted()) {
    const file = fileOf(argument, manifest.folder);
    const digest = file === null ? null : await digestOf(file);
    if (digest !== null) digests[argument] = digest;
  }
  return digests;
}

function fileOf(argument: string, folder: string): string | null {
  if (argument === '' || argument.startsWith('-')) return null;
  if (isAbsolute(argument) && relative(folder, argument).startsWith('..')) return null;
  return resolve(folder, argument);
}

/** Null where there is no regular file. */
async function digestOf(file: string): Promise<string | null> {
  try {
    // Without O_NONBLOCK, opening a named pipe waits for somebody to write to it.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return null;
      const hash = createHash('sha256');
      let read = 0;
      while (read < MAX_HASHED_BYTES) {
        const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(64 * 1024), position: read });
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, Math.min(bytesRead, MAX_HASHED_BYTES - read)));
        read += bytesRead;
      }
      if (stats.size > MAX_HASHED_BYTES) hash.update(`\0${stats.size}`);
      return `sha256:${hash.digest('hex')}`;
    } finally {
      await handle.close();
    }
  } catch (error) {
    return isDenied(error) ? 'unreadable' : null;
  }
}

function isDenied(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'EACCES' || code === 'EPERM' || code === 'EIO';
}
