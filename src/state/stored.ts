/** Reads what this program stored: absent is a value, unreadable is its own case (invariant I7). */
import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Reading } from '../reconciler/model.ts';

/** No file of ours comes near this; a larger one is not ours, and is not worth its memory. */
const LARGEST_FILE = 16 * 1024 * 1024;

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

export async function readStored<S extends z.ZodType>(
  path: string,
  schema: S,
): Promise<Reading<z.output<S> | null>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return isAbsent(error) ? { readable: true, value: null } : unreadable(path, error);
  }
  if (text.length > LARGEST_FILE)
    return { readable: false, why: `${path} is larger than ${LARGEST_FILE} bytes` };
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return { readable: true, value: parsed.data };
    return { readable: false, why: `${path} does not hold what it should: ${wordsOf(parsed.error)}` };
  } catch (error) {
    return unreadable(path, error);
  }
}

/** The names in a folder; none where there is no such folder. */
export async function namesIn(folder: string): Promise<Reading<string[]>> {
  try {
    return { readable: true, value: await readdir(folder) };
  } catch (error) {
    return isAbsent(error) ? { readable: true, value: [] } : unreadable(folder, error);
  }
}

function unreadable(path: string, error: unknown): { readable: false; why: string } {
  const why = error instanceof Error ? error.message : String(error);
  return { readable: false, why: why.includes(path) ? `cannot read: ${why}` : `cannot read ${path}: ${why}` };
}

/** Only this: a folder in the place of a file, or a missing right, is not absence. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

export function wordsOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}
