/** One question to an app over HTTP: is the answer what its manifest calls healthy? */
import { request as askPlainly, type IncomingMessage } from 'node:http';
import { request as askSecurely } from 'node:https';
import { keepStart } from '../../cut.ts';
import { withDeadline } from '../../deadline.ts';
import type { Health } from '../../reconciler/model.ts';

/** Where to ask. */
export interface Place {
  host: string;
  port: number;
  /** The domain that is asked for, where that is not the host. */
  domain?: string;
  /** Over TLS, with a certificate for the domain: of one of these authorities, or else of those that everybody trusts. */
  tls?: { ca: string | null };
}

export type Answer =
  | { kind: 'right' }
  /** It answered, and not as it should. */
  | { kind: 'wrong'; why: string; status: number }
  /** Nothing answered. */
  | { kind: 'none'; why: string; code: string | null };

const LARGEST_BODY = 1024 * 1024;
const EXCERPT = 200;

/** Follows no redirects: where the app sends others is not where it is healthy. */
export function probe(place: Place, health: Health, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
  return withDeadline(timeoutMs, signal, (stop) => ask(place, health, stop));
}

function ask({ host, port, domain, tls }: Place, health: Health, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const none = (error: unknown): void =>
      resolve({ kind: 'none', why: wordsOf(signal.aborted ? signal.reason : error), code: codeOf(error) });
    try {
      const headers = domain === undefined ? {} : { host: domain };
      const options = { host, port, path: health.path, agent: false, signal, headers };
      const judged = (response: IncomingMessage): void => void judge(response, health).then(resolve, none);
      const trust = { servername: domain ?? host, ...(tls?.ca == null ? {} : { ca: tls.ca }) };
      const asked =
        tls === undefined ? askPlainly(options, judged) : askSecurely({ ...options, ...trust }, judged);
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
      status,
      why: `answered ${status}, expected ${health.status.join(' or ')}${destinationOf(response)}${excerptOf(body)}`,
    };
  }
  if (health.contains !== null && !body.includes(health.contains)) {
    return {
      kind: 'wrong',
      status,
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

function destinationOf({ headers: { location } }: IncomingMessage): string {
  return location === undefined ? '' : `, and redirects to ${keepStart(location, EXCERPT)}`;
}

function excerptOf(body: string): string {
  const text = body.replaceAll(/\s+/g, ' ').trim();
  return text === '' ? '' : `: ${keepStart(text, EXCERPT)}`;
}

/** Of what OpenSSL says only the reason: the rest, with an end of line, is for those who read its source. */
function wordsOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const reason = /SSL routines:[^:]*:([^:]+)/.exec(said)?.[1];
  return reason === undefined ? said : `the TLS handshake failed: ${reason}`;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}
