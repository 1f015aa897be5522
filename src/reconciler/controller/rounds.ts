/**
 * Rounds: every recipe is looked at again, once in each interval, whatever was heard of it meanwhile. So the loss of any
 * event only delays. A round ends when each of its recipes was looked at since it began; trials are not awaited. What
 * it found is stored as a pass is, and is the pass that `status` shows.
 */
import type { Clock } from '../ports.ts';

export interface RoundsOptions {
  clock: Pick<Clock, 'now' | 'uptime' | 'random' | 'alarm'>;
  intervalMs: () => number;
  /** Reads the manifests; returns the recipes that are to be looked at, and are queued. */
  begin: () => Promise<readonly string[]>;
  failed: (error: unknown) => void;
  /** Each of them was looked at. `startedAt`: when the round began. */
  ended: (startedAt: Date) => Promise<void>;
}

/** So that the loops of many teams do not ask the same servers in the same second. */
const JITTER = 0.1;

export class Rounds {
  readonly #options: RoundsOptions;
  /** Null where none is under way. */
  #round: { startedAt: Date; since: number; pending: Set<string> } | null = null;
  #cancel: (() => void) | null = null;
  #isStopped = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** One that is under way is finished first: it is late already, and another would only make it later. */
  async begin(): Promise<void> {
    if (this.#isStopped) return;
    this.#arm();
    if (this.#round !== null) return;
    const { clock, begin } = this.#options;
    const round = { startedAt: clock.now(), since: clock.uptime().ms, pending: new Set<string>() };
    this.#round = round;
    try {
      for (const name of await begin()) round.pending.add(name);
    } catch (error) {
      this.#round = null;
      throw error;
    }
    await this.#endIfDone();
  }

  /** A look at a recipe that began at this uptime has ended, or nothing has its name any more. */
  async looked(recipe: string, beganAtMs: number): Promise<void> {
    if (this.#round === null || beganAtMs < this.#round.since) return;
    this.#round.pending.delete(recipe);
    await this.#endIfDone();
  }

  /** After the interval was changed. */
  rearm(): void {
    if (!this.#isStopped) this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  async #endIfDone(): Promise<void> {
    const round = this.#round;
    if (round === null || round.pending.size > 0) return;
    this.#round = null;
    await this.#options.ended(round.startedAt);
  }

  #arm(): void {
    this.#cancel?.();
    const { clock, intervalMs } = this.#options;
    const factor = 1 + JITTER * (2 * clock.random() - 1);
    this.#cancel = clock.alarm(Math.max(1, Math.round(intervalMs() * factor)), () => {
      this.begin().catch(this.#options.failed);
    });
  }
}
