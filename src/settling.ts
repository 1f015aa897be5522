/**
 * Many notifications that belong together lead to one action: an editor that saves a file causes several, a git checkout
 * hundreds. It is taken once nothing was heard for a while, and never later than so long after the first of them, so
 * that somebody who writes without a pause is noticed too. Actions never overlap.
 */
const QUIET_MS = 100;
const LONGEST_MS = 700;

export class Settling {
  readonly #act: () => Promise<void>;
  #firstAt: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #acting = Promise.resolve();
  #closed = false;

  /** `act` must not throw: nobody would be there to catch it. */
  constructor(act: () => Promise<void>) {
    this.#act = act;
  }

  stir(): void {
    if (this.#closed) return;
    const now = performance.now();
    this.#firstAt ??= now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), Math.min(QUIET_MS, this.#firstAt + LONGEST_MS - now));
  }

  /** Returns when the last action has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#acting;
  }

  #settle(): void {
    this.#firstAt = null;
    this.#acting = this.#acting.then(() => (this.#closed ? undefined : this.#act()));
  }
}
