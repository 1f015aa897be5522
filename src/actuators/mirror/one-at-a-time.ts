/**
 * One at a time for each key, in the order in which they came. A local mirror may be wanted at once by a sync of its own and
 * by trials of several recipes that depend on it; and two gits that write to one repository trip over each other's locks.
 */
export class OneAtATime {
  /** The last of each key that came, and everybody before it. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whoever is aborted while waiting waits no longer; those behind still wait for those before. */
  async during<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = unlessAborted(before, signal).then(work);
    const all = Promise.allSettled([before, mine]);
    this.#last.set(key, all);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === all) this.#last.delete(key);
    }
  }
}

/** `before` only ever comes to its end well. */
async function unlessAborted(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const goOn = (): void => {
      signal.removeEventListener('abort', goOn);
      resolve();
    };
    signal.addEventListener('abort', goOn, { once: true });
    void before.finally(goOn);
  });
  signal.throwIfAborted();
}
