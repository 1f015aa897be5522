/**
 * Speaks JSON with the API of a forge, and trusts it with nothing: the token goes to the one address that the manifest
 * names, no redirect is followed, answers are bounded, and so is how long and how often a forge is asked again.
 */
import { z } from 'zod';
import { keepStart } from '../../cut.ts';
import { withDeadline } from '../../deadline.ts';
import { describe } from '../../reconciler/errors.ts';
import { formsOf, withoutSecrets } from '../../tokens.ts';

export interface ApiOptions {
  /** The address of the API, without a slash at its end. */
  address: string;
  token: string;
  signal: AbortSignal;
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface ApiRequest {
  /** For messages: what is attempted, on what. */
  what: string;
  method: 'GET' | 'POST' | 'PATCH';
  /** Below the API's address. */
  path: string;
  body?: object;
}

export interface ApiAnswer {
  json: unknown;
  headers: Headers;
}

/** One answer that counts, or a fault; `retryAfterMs` is null where asking again is pointless. */
type Outcome = { answer: ApiAnswer } | { why: string; hint: string; retryAfterMs: number | null };

const LATER = 'it is tried again at the next sync';
const DEADLINE_MS = 30_000;
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;
const LONGEST_COMPLAINT = 300;

export async function askApi(request: ApiRequest, options: ApiOptions): Promise<ApiAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await exchange(request, options, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    if ('answer' in outcome) return outcome.answer;
    const { why, hint, retryAfterMs } = outcome;
    if (retryAfterMs === null || attempt === ATTEMPTS || retryAfterMs > LONGEST_PAUSE_MS) {
      // A forge may repeat what it was sent (invariant I10).
      throw new Error(withoutSecrets(`could not ${request.what}: ${why}; ${hint}`, formsOf(options.token)));
    }
    await options.pause(retryAfterMs, options.signal);
  }
}

async function exchange(request: ApiRequest, options: ApiOptions, pauseMs: number): Promise<Outcome> {
  const { signal } = options;
  // What was asked of a forge that did not answer may have been done: only what can be done twice is asked again.
  const again = request.method === 'POST' ? null : pauseMs;
  try {
    return await withDeadline(DEADLINE_MS, signal, async (stop) => {
      const response = await send(request, options, stop);
      const text = await bounded(response);
      return response.ok ? read(text, response) : refusal(response, text, again, pauseMs);
    });
  } catch (error) {
    signal.throwIfAborted();
    return { why: describe(error), hint: LATER, retryAfterMs: again };
  }
}

async function send({ method, path, body }: ApiRequest, { address, token }: ApiOptions, signal: AbortSignal) {
  return await fetch(`${address}${path}`, {
    method,
    headers: {
      accept: 'application/json',
      authorization: `token ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
    signal,
  });
}

async function bounded({ body }: Response): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the transfer.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw new Error(`it answers with more than ${LONGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function read(text: string, { headers }: Response): Outcome {
  try {
    const json: unknown = JSON.parse(text);
    return { answer: { json, headers } };
  } catch {
    const why = `it answers with ${headers.get('content-type') ?? 'something'} that is not JSON`;
    return { why, hint: 'see whether spec.mirror.forge.api is the address of the API', retryAfterMs: null };
  }
}

function refusal(response: Response, text: string, again: number | null, pauseMs: number): Outcome {
  const { status, headers } = response;
  const words = ownWords(text);
  const why = `it answers ${status}${words === '' ? '' : ` (${words})`}`;
  // It says that it did not do what it was asked.
  if (status === 429 || status === 503) {
    const asked = readRetryAfter(headers.get('retry-after'));
    const patience =
      asked === null || asked <= LONGEST_PAUSE_MS ? '' : `; it asks for a pause of ${asked / 1000} s`;
    return { why: `${why}${patience}`, hint: LATER, retryAfterMs: asked ?? pauseMs };
  }
  if (status >= 500) return { why, hint: LATER, retryAfterMs: again };
  return { why, hint: hintFor(status), retryAfterMs: null };
}

function hintFor(status: number): string {
  if (status === 401) return 'make a new token, and put it where spec.mirror.forge says that it is';
  if (status === 403) return 'the token must be allowed to write issues and the repository';
  if (status >= 300 && status < 400)
    return 'redirects are not followed: name the final address in spec.mirror.forge.api';
  return 'see whether spec.mirror.forge names the right api and repo, and whether the token may see it';
}

const errorBody = z.object({ message: z.string() });

/** Gitea's errors carry a message; of whatever else answers, the beginning. */
function ownWords(text: string): string {
  const { data } = errorBody.safeParse(asJson(text));
  return keepStart((data?.message ?? text).replaceAll(NO_WORDS, ' ').trim(), LONGEST_COMPLAINT);
}

// oxlint-disable-next-line no-control-regex
const NO_WORDS = /[\u0000-\u0020\u007F]+/g;

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Seconds, or a date. */
function readRetryAfter(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(at - Date.now(), 0);
}
