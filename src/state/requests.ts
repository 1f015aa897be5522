/**
 * Requests on disk: one file for each, below `.reconcile/requests/`. It is the one place in the state folder that is
 * written without the lease: whoever asks puts a finished file there and reads the answer out of it, which whoever
 * acts writes. What lies there besides is nobody's word, and stays as it is.
 */
import { randomBytes } from 'node:crypto';
import { lstat, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Answer, Reading, Wish } from '../reconciler/model.ts';
import { lifeOfProcess, nameSelf, ProcessName } from './holder.ts';
import { RECIPE_NAME, type Layout } from './layout.ts';
import { entriesIn } from './made.ts';
import { Acceptance, GenerationNumber, readStored, SafeName, Time } from './stored.ts';
import { isMissing, makeFolders, syncFolder } from './term.ts';

const PREPARED = 'prepared-';
/** Far more than any request takes. */
const LARGEST_REQUEST = 64 * 1024;
/** Writing one takes no time, and reading an answer hardly any: whoever has not by then is gone. */
const ABANDONED_AFTER_MS = 60_000;

const recipe = z.string().regex(RECIPE_NAME);
const Wish = z.discriminatedUnion('verb', [
  z.object({ verb: z.literal('accept'), recipe, acceptance: Acceptance }),
  z.object({ verb: z.literal('rebuild'), recipe, generation: GenerationNumber.nullable(), at: Time }),
  z.object({ verb: z.literal('cancel'), recipe, trial: SafeName }),
  z.object({ verb: z.literal('forget'), recipe }),
  z.object({ verb: z.literal('gc') }),
]);

const Request = z.object({
  id: SafeName,
  at: Time,
  asker: ProcessName,
  wish: Wish,
  answer: z.object({ obeyed: z.boolean(), message: z.string() }).nullable(),
});
export type StoredRequest = z.infer<typeof Request>;

/** Something that lies where requests do. */
export type RequestEntry = { name: string; path: string } & (
  | { kind: 'pending'; request: StoredRequest }
  /** Answered, or not yet wholly written: somebody still sees to it. */
  | { kind: 'in-hand' }
  /** Nobody will come for it any more. */
  | { kind: 'abandoned' }
  | { kind: 'stranger'; why: string }
);

export interface LeftRequest {
  path: string;
  /** Null while there is none. */
  answer(): Promise<Answer | null>;
  takeBack(): Promise<void>;
}

/** Durable when it returns. */
export async function leaveRequest(layout: Layout, wish: Wish): Promise<LeftRequest> {
  const now = new Date();
  const id = `${now.getTime().toString(36)}-${randomBytes(4).toString('hex')}`;
  const path = join(layout.requests, `${id}.json`);
  const prepared = join(layout.requests, `${PREPARED}${id}`);
  const request: StoredRequest = { id, at: now.toISOString(), asker: nameSelf(), wish, answer: null };
  await makeFolders(layout.requests);
  try {
    const file = await open(prepared, 'wx', 0o644);
    try {
      await file.writeFile(`${JSON.stringify(request, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(prepared, path);
    await syncFolder(layout.requests);
  } catch (error) {
    // What is told to have failed must not be found done later.
    await Promise.all([prepared, path].map((each) => unlink(each).catch(() => undefined)));
    throw error;
  }
  return { path, answer: () => answerIn(path), takeBack: () => unlink(path).catch(ignoreMissing) };
}

/** Oldest first, as their names begin with the time. */
export async function requestEntries(layout: Layout): Promise<RequestEntry[]> {
  const entries: RequestEntry[] = [];
  for (const entry of (await entriesIn(layout.requests)).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(layout.requests, entry.name);
    const judged = await judge(entry.name, path);
    if (judged !== null) entries.push({ name: entry.name, path, ...judged });
  }
  return entries;
}

const PREPARED_NAME = /^prepared-[0-9a-z]+-[0-9a-f]{8}$/;

type Judged =
  | { kind: 'pending'; request: StoredRequest }
  | { kind: 'in-hand' }
  | { kind: 'abandoned' }
  | { kind: 'stranger'; why: string };

/** Null where it is gone meanwhile. */
async function judge(name: string, path: string): Promise<Judged | null> {
  const entry = await lstat(path).catch(ignoreMissing);
  if (entry === undefined) return null;
  if (!entry.isFile()) return { kind: 'stranger', why: 'it is no file' };
  // A time ahead of this clock is as far from this very moment as one behind it.
  const isOld = Math.abs(Date.now() - entry.mtimeMs) > ABANDONED_AFTER_MS;
  const isPrepared = name.startsWith(PREPARED);
  const fits = entry.size <= LARGEST_REQUEST;
  const read = fits
    ? await readRequest(path)
    : { readable: false as const, why: `it is too large: ${entry.size} bytes` };
  if (!read.readable) {
    if (PREPARED_NAME.test(name)) return { kind: isOld ? 'abandoned' : 'in-hand' };
    return { kind: 'stranger', why: read.why };
  }
  if (read.value === null) return null;
  const { id, answer, asker } = read.value;
  if (!isPrepared) {
    if (`${id}.json` !== name) return { kind: 'stranger', why: `it holds request ${id}` };
    if (answer === null) return { kind: 'pending', request: read.value };
  }
  return { kind: isGone(asker, isOld) ? 'abandoned' : 'in-hand' };
}

/** Of another machine nobody can say whether it is still there; what is old by then is not. */
function isGone(asker: ProcessName, isOld: boolean): boolean {
  const life = lifeOfProcess(asker);
  return life === 'dead' || (life === 'another-machine' && isOld);
}

async function readRequest(path: string): Promise<Reading<StoredRequest | null>> {
  return await readStored(path, Request);
}

async function answerIn(path: string): Promise<Answer | null> {
  const read = await readRequest(path);
  if (!read.readable) return { obeyed: false, message: `the request cannot be read any more: ${read.why}` };
  if (read.value === null) return { obeyed: false, message: `the request ${path} was taken away unanswered` };
  return read.value.answer;
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
