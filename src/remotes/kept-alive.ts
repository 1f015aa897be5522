/** Exchanges over connections that are kept open, by Node's own client. */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { SecureContext } from 'node:tls';
import {
  AnswerTooLong,
  NoAnswer,
  onAbort,
  type Answer,
  type Exchange,
  type Exchanger,
  type ExchangeLimits,
} from './exchange.ts';
import { trust } from './trust.ts';

/** Throws `AnswerTooLong`, `NoAnswer`, the signal's reason, or what the system says of the connection. */
export function keptAlive(): Exchanger {
  const plain = new HttpAgent(KEPT);
  let secure: Connections | null = null;
  const connectionsFor = ({ url }: Exchange): Connections =>
    url.protocol === 'https:' ? (secure ??= { agent: new HttpsAgent(KEPT), ...trust() }) : { agent: plain };
  return async (exchange, limits) => {
    const connections = connectionsFor(exchange);
    try {
      return await attempt(exchange, connections, limits);
    } catch (error) {
      // A connection that was kept open may have been closed by the server just now, unread: that says nothing. Others
      // that were kept open may be closed as well.
      if (!(error instanceof StaleConnection)) throw error;
      return await attempt(exchange, { ...connections, agent: false }, limits);
    }
  };
}

interface Connections {
  /** False for a connection of one's own, closed afterwards. */
  agent: HttpAgent | false;
  secureContext?: SecureContext;
}

const KEPT = { keepAlive: true, scheduling: 'lifo' } as const;

class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

async function attempt(
  { method, url, headers, body }: Exchange,
  connections: Connections,
  { timeoutMs, longest, signal }: ExchangeLimits,
): Promise<Answer> {
  signal.throwIfAborted();
  const { protocol, hostname, port, pathname, search } = url;
  const path = `${pathname}${search}`;
  // A literal address of version 6 stands in brackets in a URL only.
  const host = hostname.replace(/^\[|\]$/g, '');
  const options = { method, headers, host, port, path, ...connections };
  const request = (protocol === 'https:' ? httpsRequest : httpRequest)(options);
  let ended: { why: unknown } | null = null;
  const end = (why: unknown): void => {
    ended ??= { why };
    request.destroy();
  };
  const timer = setTimeout(() => end(new NoAnswer(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  const stopListening = onAbort(signal, () => end(signal.reason));
  try {
    request.end(body);
    return await collect(await responseTo(request), longest);
  } catch (error) {
    request.destroy();
    // What ended it is told, not what came of that.
    throw reasonOf(ended) ?? error;
  } finally {
    clearTimeout(timer);
    stopListening();
  }
}

function reasonOf(ended: { why: unknown } | null): unknown {
  return ended?.why;
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
  const chunks: string[] = [];
  let length = 0;
  response.setEncoding('latin1');
  await new Promise<void>((resolve, reject) => {
    response.on('data', (chunk: string) => {
      length += chunk.length;
      if (length > longest) reject(new AnswerTooLong(`more than ${longest} bytes came back`));
      else chunks.push(chunk);
    });
    response.on('end', resolve);
    response.on('error', reject);
    response.on('close', () => {
      // It closes after its end as well, each time, and an error that nobody hears of takes as long to be made.
      if (!response.readableEnded) reject(new Error('the connection was closed in the middle of the answer'));
    });
  });
  const { statusCode = 0, headers } = response;
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  return {
    status: statusCode,
    type: type.trim().toLowerCase(),
    location: headers.location ?? null,
    body: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : chunks.join(''),
  };
}
