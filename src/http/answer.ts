/** What routes are asked and what they answer, as plain values: only `application.ts` knows what serves them. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Html } from './pages/html.ts';

export interface Question {
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Every byte of the body as it was sent; null where it is longer than bodies may be. */
  body: () => Promise<Buffer | null>;
}

export interface Answer {
  status: number;
  type: string;
  body: string | Buffer;
  /**
   * `ask`: may be kept and is asked about each time. `always`: what is at this address never changes. `never`: the next
   * answer owes nothing to this one.
   */
  caching: 'ask' | 'always' | 'never';
  headers?: Readonly<Record<string, string>>;
}

export type Respond = (question: Question) => Answer | Promise<Answer>;

export function page(body: Html, status = 200): Answer {
  const caching = status === 200 ? 'ask' : 'never';
  return { status, type: 'text/html; charset=utf-8', body: String(body), caching };
}

/** Formatted as the command line prints it. */
export function json(value: object, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  const caching = status === 200 ? 'ask' : 'never';
  const body = `${JSON.stringify(value, null, 2)}\n`;
  return { status, type: 'application/json; charset=utf-8', body, caching, headers };
}

export function problem(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return json({ apiVersion: 'reconcile/v1', error }, status, headers);
}

export function text(body: string, status = 200, type = 'text/plain; charset=utf-8'): Answer {
  return { status, type, body, caching: 'never' };
}
