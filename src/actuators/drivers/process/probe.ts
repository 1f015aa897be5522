/** One question to an app over HTTP on loopback: is the answer what its manifest calls healthy? */
import { request, type IncomingMessage } from 'node:http';
import { keepStart } from '../../../cut.ts';
import { withDeadline } from '../../../deadline.ts';
import type { Health } from '../../../reconciler/model.ts';

export type Answer =
  | { kind: 'right' }
  /** It answered, and not as it should. */
  | { kind: 'wrong'; why: string }
  /** Nothing answered. */
  | { kind: 'none'; why: string };

const LARGEST_BODY = 1024 * 1024;
const EXCERPT = 200;

/** Follows no redirects: where the app sends others is not where it is healthy. */
export function probe(port: number, health: Health, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  return withDeadline(timeoutMs, signal, (stop) => ask(port, health, stop));
}

function ask(port: number, health: Health, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const none = (error: unknown): void =>
      resolve({ kind: 'none', why: wordsOf(signal.aborted ? signal.reason : error) });
    try {
      const options = { host: '127.0.0.1', port, path: health.path, agent: false, signal };
      const asked = request(options, (response) => void judge(response, health).then(resolve, none));
      asked.on('error', none);
      asked.end();
    } catch (error) {
      none(error); // A path that cannot be sent.
    }
  });
}

async function judge(response: IncomingMessage, health: Health): Promise<Answer> {
  const body = await bodyOf(response);
  const status = response.statusCode ?? 0;
  if (!health.status.includes(status)) {
    return {
      kind: 'wrong',
      why: `answered ${status}, expected ${health.status.join(' or ')}${excerptOf(body)}`,
    };
  }
  if (health.contains !== null && !body.includes(health.contains)) {
    return {
      kind: 'wrong',
      why: `answered ${status} without the text ${JSON.stringify(health.contains)}${excerptOf(body)}`,
    };
  }
  return { kind: 'right' };
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('latin1');
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length >= LARGEST_BODY) break;
  }
  response.destroy();
  return Buffer.from(body, 'latin1').toString('utf8');
}

function excerptOf(body: string): string {
  const text = body.replaceAll(/\s+/g, ' ').trim();
  return text === '' ? '' : `: ${keepStart(text, EXCERPT)}`;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
