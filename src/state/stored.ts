/** Reads what this program stored: absent is a value, unreadable is its own case (invariant I7). */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, type Dirent } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Reading } from '../reconciler/model.ts';
import { giveTurn } from '../turns.ts';

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPENING_BRACKET, CLOSING_BRACKET] = [0x5b, 0x5d];
const [OPENING_BRACE, CLOSING_BRACE] = [0x7b, 0x7d];

/** No file of ours comes near this; a larger one is not ours, and is not worth its memory. */
const LARGEST_FILE = 32 * 1024 * 1024;
/** Nor does any nest half as deep; writing a deeper one down again would exhaust the stack. */
const DEEPEST = 200;

/** A name that cannot leave its folder, nor pass as an option. */
export const SafeName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/);
export const Commit = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, 'expected a full commit id');
export const Time = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'expected a time');
export const Uptime = z.object({ bootId: z.string(), ms: z.number() });
export const GenerationNumber = z.number().int().min(1).max(1_000_000_000);

export const Volume = z.object({
  name: SafeName,
  bytes: z.number(),
  files: z.number(),
  fingerprint: z.string(),
  digest: z.string(),
});

export const Image = z.object({
  service: z.string(),
  reference: z.string(),
  digest: z.string().nullable(),
  id: z.string(),
});

/** A person's word on a canonical: asked for in a request, then remembered. */
export const Acceptance = z.object({
  reason: z.enum([
    'tag-moved',
    'record-mismatch',
    'release-withdrawn',
    'canonical-not-allowed',
    'driver-changed',
  ]),
  canonical: z.object({ version: z.string(), commit: Commit }),
  generation: GenerationNumber.nullable().default(null),
  tagCommit: Commit.nullable(),
  at: Time,
});

/** `damaged`: it was read, and holds something else; not damaged, the system would not give it out. */
export type Stored<T> = { readable: true; value: T } | { readable: false; why: string; damaged: boolean };

export async function readStored<S extends z.ZodType>(
  path: string,
  schema: S,
): Promise<Stored<z.output<S> | null>> {
  return conforming(path, await readJson(path), schema);
}

/** What a file holds, before anything is made of it. */
export async function readJson(path: string): Promise<Stored<{ json: unknown } | null>> {
  let text: string;
  try {
    text = await readRegularFile(path);
  } catch (error) {
    return (await isAbsent(path, error)) ? { readable: true, value: null } : unreadable(path, error);
  }
  try {
    if (nestsTooDeeply(text)) return damaged(`${path} nests deeper than ${DEEPEST} levels`);
    return { readable: true, value: { json: JSON.parse(text) } };
  } catch (error) {
    return damaged(unreadable(path, error).why);
  }
}

export function conforming<S extends z.ZodType>(
  path: string,
  stored: Awaited<ReturnType<typeof readJson>>,
  schema: S,
): Stored<z.output<S> | null> {
  if (!stored.readable || stored.value === null)
    return stored.readable ? { readable: true, value: null } : stored;
  const parsed = schema.safeParse(stored.value.json);
  if (parsed.success) return { readable: true, value: parsed.data };
  return damaged(`${path} does not hold what it should: ${wordsOf(parsed.error)}`);
}

function damaged(why: string): { readable: false; why: string; damaged: true } {
  return { readable: false, why, damaged: true };
}

/** What was put in a file's place may be a pipe, which nobody may ever write to, or without end. */
export async function readRegularFile(path: string): Promise<string> {
  await giveTurn();
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    if (stats.size > LARGEST_FILE) throw new Error(`${path} is larger than ${LARGEST_FILE} bytes`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function nestsTooDeeply(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json.charCodeAt(at);
    if (character === QUOTE) at = endOfText(json, at);
    else if (character === OPENING_BRACKET || character === OPENING_BRACE) depth++;
    else if (character === CLOSING_BRACKET || character === CLOSING_BRACE) depth--;
    if (depth > DEEPEST) return true;
  }
  return false;
}

/** Where the quote is that closes the text which begins at `start`. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return json.length;
}

/** The names in a folder; none where there is no such folder. */
export async function namesIn(folder: string): Promise<Reading<string[]>> {
  const entries = await listFolder(folder);
  return entries.readable ? { readable: true, value: entries.value.map(({ name }) => name) } : entries;
}

/** What lies in a folder; nothing where there is no such folder. */
export async function listFolder(folder: string): Promise<Reading<Dirent[]>> {
  try {
    await giveTurn();
    return { readable: true, value: readdirSync(folder, { withFileTypes: true }) };
  } catch (error) {
    return (await isAbsent(folder, error)) ? { readable: true, value: [] } : unreadable(folder, error);
  }
}

function unreadable(path: string, error: unknown): { readable: false; why: string; damaged: false } {
  const why = error instanceof Error ? error.message : String(error);
  const named = why.includes(path) ? `cannot read: ${why}` : `cannot read ${path}: ${why}`;
  return { readable: false, why: named, damaged: false };
}

/**
 * Only this: a folder in the place of a file, or a missing right, is not absence; nor is a link, here or on the way, whose
 * other end is missing: what lies there may be out of reach only for now.
 */
async function isAbsent(path: string, error: unknown): Promise<boolean> {
  if (!isMissing(error)) return false;
  for (let at = path; ; at = dirname(at)) {
    const entry = await lstat(at).catch((failure: unknown) => (isMissing(failure) ? null : undefined));
    if (entry === undefined) return false;
    if (entry === null) continue;
    return !entry.isSymbolicLink() || (at !== path && (await leadsSomewhere(at)));
  }
}

async function leadsSomewhere(link: string): Promise<boolean> {
  return await stat(link).then(
    () => true,
    () => false,
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export function wordsOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
