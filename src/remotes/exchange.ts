/** One HTTP request with its whole answer: within a deadline, of a bounded length, and following nowhere. */

export interface Exchange {
  method: 'GET' | 'POST';
  url: URL;
  /** With the length of the body, where there is one. */
  headers: Readonly<Record<string, string | number>>;
  body?: string | undefined;
}

export interface Answer {
  status: number;
  /** Without parameters; empty where the answer has none. */
  type: string;
  /** Where it points to, with a status that says so. */
  location: string | null;
  /** A character for each byte. */
  body: string;
}

export interface ExchangeLimits {
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

const listening = new WeakMap<AbortSignal, Set<() => void>>();

/** As many listen as there are questions under way, and a signal takes its time with each: so it has one listener of ours. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const known = listening.get(signal);
  const listeners = known ?? new Set();
  if (known === undefined) {
    listening.set(signal, listeners);
    signal.addEventListener('abort', () => {
      for (const each of listeners) each();
    });
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}
