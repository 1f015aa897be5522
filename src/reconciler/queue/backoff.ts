/**
 * How long a key that failed waits, by how often it failed in a row on the same inputs. Full jitter: anything from
 * nothing to the whole delay, so that what failed together does not come again together. (Holds on trials keep half
 * of their delay instead: they protect a test bench from one recipe, not a server from many.)
 */
import type { Backoff } from '../model.ts';

export class Backoffs {
  readonly #policy: Backoff;
  readonly #random: () => number;
  /** Only keys whose last attempt failed; whoever is forgotten, or never failed, is not in it. */
  readonly #failures = new Map<string, { inputs: string; count: number }>();

  constructor(policy: Backoff, random: () => number) {
    this.#policy = policy;
    this.#random = random;
  }

  /** The delay after one more failure, in ms. With other inputs than last time it counts as the first. */
  failed(key: string, inputs: string): number {
    const before = this.#failures.get(key);
    const count = before?.inputs === inputs ? before.count + 1 : 1;
    this.#failures.set(key, { inputs, count });
    return this.#random() * Math.min(this.#policy.baseMs * 2 ** (count - 1), this.#policy.maxMs);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}
