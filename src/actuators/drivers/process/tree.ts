/**
 * What a folder tree is, in two digests of the same walk. Entries come in the order of their raw path bytes, the
 * tree's own folder first with an empty path; every field is followed by a NUL, and no field can hold one but
 * contents, which come last and with their length before them. So no two different trees give the same text.
 *
 * - fingerprint: path, type, permission bits, uid, gid, size (files) or target (links), mtime in nanoseconds
 * - digest: path, type, permission bits, uid, gid, size (files) or target (links), contents (files)
 *
 * The fingerprint takes no reading of contents and so is cheap enough for every look. The digest leaves times out:
 * a file that was touched but says the same is not changed. Extended attributes cannot be read from here.
 */
import { createHash, type Hash } from 'node:crypto';
import { constants, lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { giveTurn } from '../../../turns.ts';

export interface TreeFacts {
  /** Sum of the sizes of regular files. */
  bytes: number;
  files: number;
  /** Files that have a name outside of the tree too: what is written there is written here. */
  shared: number;
  /** What the file system gave out for it; a file with several names counts once. */
  allocatedBytes: number;
  fingerprint: string;
  /** Only where contents were asked for. */
  digest: string | null;
}

const SEPARATOR = Buffer.from('/');
const NUL = Buffer.from([0]);
const BLOCK = 512n;
const CHUNK = 256 * 1024;

export async function readTree(
  root: string,
  options: { contents: boolean; signal?: AbortSignal },
): Promise<TreeFacts> {
  const fingerprint = createHash('sha256');
  const digest = options.contents ? createHash('sha256') : null;
  const buffer = Buffer.allocUnsafe(options.contents ? CHUNK : 0);
  const names = new Map<bigint, { links: bigint; seen: bigint }>();
  let [bytes, files, allocated] = [0, 0, 0n];
  for (const { path, name, stat } of walk(Buffer.from(root), Buffer.alloc(0))) {
    await giveTurn();
    options.signal?.throwIfAborted();
    const seen = names.get(stat.ino)?.seen ?? 0n;
    if (seen === 0n) allocated += stat.blocks * BLOCK;
    names.set(stat.ino, { links: stat.isDirectory() ? 0n : stat.nlink, seen: seen + 1n });
    const fields = fieldsOf(path, name, stat);
    addFields(fingerprint, [...fields, stat.mtimeNs]);
    if (digest !== null) addFields(digest, fields);
    if (!stat.isFile()) continue;
    bytes += Number(stat.size);
    files += 1;
    if (digest !== null) await addContents(digest, path, buffer, options.signal);
  }
  return {
    bytes,
    files,
    shared: [...names.values()].filter(({ links, seen }) => links > seen).length,
    allocatedBytes: Number(allocated),
    fingerprint: `sha256:${fingerprint.digest('hex')}`,
    digest: digest === null ? null : `sha256:${digest.digest('hex')}`,
  };
}

interface Entry {
  path: Buffer;
  name: Buffer;
  stat: BigIntStats;
}

/** Names are bytes: what is no valid UTF-8 must neither be lost nor mixed up. Links are never followed. */
function* walk(path: Buffer, name: Buffer): Generator<Entry> {
  const stat = lstatSync(path, { bigint: true });
  yield { path, name, stat };
  if (!stat.isDirectory()) return;
  const children = readdirSync(path, { encoding: 'buffer' });
  for (const child of children.toSorted((a, b) => a.compare(b))) {
    const inner = name.length === 0 ? child : Buffer.concat([name, SEPARATOR, child]);
    yield* walk(Buffer.concat([path, SEPARATOR, child]), inner);
  }
}

function fieldsOf(path: Buffer, name: Buffer, stat: BigIntStats): (Buffer | string | bigint)[] {
  const kind = kindOf(stat);
  const what =
    kind === 'link' ? readlinkSync(path, { encoding: 'buffer' }) : kind === 'file' ? stat.size : '';
  return [name, kind, (stat.mode & 0o7777n).toString(8), stat.uid, stat.gid, what];
}

function kindOf(stat: BigIntStats): string {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'device';
}

function addFields(hash: Hash, fields: readonly (Buffer | string | bigint)[]): void {
  for (const field of fields) hash.update(typeof field === 'bigint' ? field.toString() : field).update(NUL);
}

/** Contents may be long: they are read by way of the thread pool, through one buffer for all files. */
async function addContents(
  hash: Hash,
  path: Buffer,
  buffer: Buffer,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
