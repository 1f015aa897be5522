/** Listens to a child process. A descendant of it that holds a pipe open, silent or talking for ever, must not hold us. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

export type Stream = 'stdout' | 'stderr';
export type OutputListener = (stream: Stream, chunk: Uint8Array) => void;

const SILENCE_MS = 100;
const LAST_WORDS_MS = 2000;

export class ChildOutput {
  readonly #streams: readonly Readable[];
  readonly #closed: Promise<unknown>;
  #lastHeard = performance.now();
  #failure: Error | null = null;

  constructor(streams: Readonly<Record<Stream, Readable>>, listener: OutputListener | undefined) {
    this.#streams = [streams.stdout, streams.stderr];
    this.#closed = Promise.all([
      this.#listen(streams.stdout, (chunk) => listener?.('stdout', chunk)),
      this.#listen(streams.stderr, (chunk) => listener?.('stderr', chunk)),
    ]);
  }

  /**
   * What was said up to now has been taken: nobody is left to say more, or nobody says more for a moment. Throws
   * what the listener threw, which could be told to nobody at the time.
   */
  async heard(): Promise<void> {
    const end = performance.now() + LAST_WORDS_MS;
    while (!(await settles(this.#closed, SILENCE_MS))) {
      // This process may itself have been held up: what lies in the pipes already is taken before silence is believed.
      await turn();
      const now = performance.now();
      if (now - this.#lastHeard >= SILENCE_MS || now >= end) break;
    }
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  /** Takes what was said up to now, and then listens no longer. */
  async hangUp(): Promise<void> {
    try {
      await this.heard();
    } finally {
      for (const stream of this.#streams) stream.destroy();
    }
  }

  async #listen(stream: Readable, listener: (chunk: Uint8Array) => void): Promise<void> {
    stream.on('data', (chunk: Buffer) => {
      this.#lastHeard = performance.now();
      try {
        listener(chunk);
      } catch (error) {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      }
    });
    stream.on('error', () => stream.destroy());
    await once(stream, 'close').catch(() => undefined);
  }
}

async function settles(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const over = new AbortController();
  const deadline = sleep(withinMs, false, { signal: over.signal }).catch(() => false);
  try {
    return await Promise.race([promise.then(() => true), deadline]);
  } finally {
    over.abort();
  }
}
