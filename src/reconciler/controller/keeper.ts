/** Stores what the loop knows: at the end of each round, and soon after anything that is news, together. */
import { describe, Fenced } from '../errors.ts';
import type { PassResult } from '../pass.ts';
import type { Clock } from '../ports.ts';
import type { Trouble } from './events.ts';

export interface KeeperOptions {
  clock: Pick<Clock, 'now' | 'alarm'>;
  report: (startedAt: string, now: Date) => PassResult;
  keep: (result: PassResult, isOver: boolean) => Promise<void>;
  trouble: (trouble: Omit<Trouble, 'type'>) => void;
  failed: (error: unknown) => void;
  /** When the last round that ended began; of an earlier process, where this one ended none yet. */
  lastRound: string | null;
}

const SOON_MS = 2000;

export class Keeper {
  readonly #options: KeeperOptions;
  #lastRound: string | null;
  #cancel: (() => void) | null = null;
  /** Writes follow each other. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#lastRound = options.lastRound;
  }

  /** Something is news. Before the first round has ended there is no pass that could be shown. */
  soon(): void {
    if (this.#cancel !== null || this.#lastRound === null) return;
    this.#cancel = this.#options.clock.alarm(SOON_MS, () => {
      this.#cancel = null;
      void this.#write(false);
    });
  }

  /** Of the last round that ended; null before the first. */
  get lastRound(): string | null {
    return this.#lastRound;
  }

  async roundEnded(startedAt: Date): Promise<PassResult> {
    this.#lastRound = startedAt.toISOString();
    return await this.#write(true);
  }

  /** What is news and not stored yet is stored now. */
  async stop(): Promise<void> {
    const isPending = this.#cancel !== null;
    this.#cancel?.();
    this.#cancel = null;
    if (isPending) await this.#write(false);
    await this.#writing;
  }

  async #write(isOver: boolean): Promise<PassResult> {
    const { clock, report, keep, trouble, failed } = this.#options;
    const now = clock.now();
    const result = report(this.#lastRound ?? now.toISOString(), now);
    this.#writing = this.#writing
      .then(() => keep(result, isOver))
      .catch((error: unknown) => {
        if (error instanceof Fenced) failed(error);
        else {
          const fields = { why: describe(error) };
          trouble({
            level: 'error',
            message: 'what was found could not be stored; the next round tries again',
            fields,
          });
        }
      });
    await this.#writing;
    return result;
  }
}
