/**
 * One HTTP request with its whole answer, over connections that are kept open: within a deadline, of a bounded length,
 * and following nowhere.
 */
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';

export interface Exchange {
  method: 'GET' | 'POST';
  url: URL;
  headers: Readonly<Record<string, string>>;
  body?: string;
}

export interface Answer {
  status: number;
  /** Without parameters; empty where the answer has none. */
  type: string;
  /** Where it points to, with a status that says so. */
  location: string | null;
  body: Buffer;
}

interface ExchangeLimits {
  timeoutMs: number;
  /** Of the answer's body. */
  longest: number;
  signal: AbortSignal;
}

/** The answer is longer than it may be. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';
}

/** No answer within the deadline. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export type Exchanger = (exchange: Exchange, limits: ExchangeLimits) => Promise<Answer>;

/** Throws `AnswerTooLong`, `NoAnswer`, the signal's reason, or what the system says of the connection. */
export function keptAlive(): Exchanger {
  const plain = new HttpAgent(KEPT);
  let secure: HttpsAgent | null = null;
  const agentFor = ({ url }: Exchange): HttpAgent =>
    url.protocol === 'https:' ? (secure ??= new HttpsAgent({ ...KEPT, ...trust() })) : plain;
  const once = async (exchange: Exchange, limits: ExchangeLimits): Promise<Answer> =>
    await attempt(exchange, agentFor(exchange), limits);
  return async (exchange, limits) => {
    try {
      return await once(exchange, limits);
    } catch (error) {
      // A connection that was kept open may have been closed by the server just now, unread: that says nothing.
      if (!(error instanceof StaleConnection)) throw error;
      return await once(exchange, limits);
    }
  };
}

const KEPT = { keepAlive: true, scheduling: 'lifo' } as const;

/** Whom git is told to trust is trusted here, in place of those that Node trusts by itself. Read once for all connections. */
function trust(): { secureContext?: SecureContext } {
  const file = process.env['GIT_SSL_CAINFO'] || process.env['SSL_CERT_FILE'] || '';
  return file === '' ? {} : { secureContext: createSecureContext({ ca: readFileSync(file) }) };
}

class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

async function attempt(
  { method, url, headers, body }: Exchange,
  agent: HttpAgent,
  { timeoutMs, longest, signal }: ExchangeLimits,
): Promise<Answer> {
  signal.throwIfAborted();
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options: RequestOptions = { method, agent, headers: { ...headers, ...length } };
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
  const over = new AbortController();
  const end = (why: unknown): void => {
    over.abort(why);
    request.destroy();
  };
  const timer = setTimeout(() => end(new NoAnswer(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  const stop = (): void => end(signal.reason);
  // As many listen to it as there are questions under way.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', stop);
  try {
    request.end(body);
    return await collect(await responseTo(request), longest);
  } catch (error) {
    request.destroy();
    // What ended it is told, not what came of that.
    over.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', (error) => {
      const isReset = 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(request.reusedSocket && isReset ? new StaleConnection(error.message) : error);
    });
  });
}

async function collect(response: IncomingMessage, longest: number): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > longest) reject(new AnswerTooLong(`more than ${longest} bytes came back`));
      else chunks.push(chunk);
    });
    response.on('end', resolve);
    response.on('error', reject);
    response.on('close', () => reject(new Error('the connection was closed in the middle of the answer')));
  });
  const { statusCode = 0, headers } = response;
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  return {
    status: statusCode,
    type: type.trim().toLowerCase(),
    location: headers.location ?? null,
    body: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks),
  };
}
