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
  /** After something could not be stored, something was. */
  storedAgain: () => void;
  /** When the last round that ended began; of an earlier process, where this one ended none yet. */
  lastRound: string | null;
}

export interface Unstored {
  since: string;
  why: string;
}

const SOON_MS = 2000;

export class Keeper {
  readonly #options: KeeperOptions;
  #lastRound: string | null;
  #cancel: (() => void) | null = null;
  /** Writes follow each other. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Why what is known is not stored, and since when; null while it is. */
  #unstored: Unstored | null = null;

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

  /** Everything as it was looked at last. */
  report(): PassResult {
    const now = this.#options.clock.now();
    return this.#options.report(this.#lastRound ?? now.toISOString(), now);
  }

  get unstored(): Unstored | null {
    return this.#unstored;
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
    const { clock, keep } = this.#options;
    const result = this.report();
    this.#writing = this.#writing
      .then(() => keep(result, isOver))
      .then(
        () => this.#isStored(),
        (error: unknown) => this.#isNotStored(error, clock.now()),
      );
    await this.#writing;
    return result;
  }

  #isStored(): void {
    if (this.#unstored === null) return;
    const { since } = this.#unstored;
    this.#unstored = null;
    const message = 'what is found is stored again';
    this.#options.trouble({ level: 'info', message, fields: { since } });
    this.#options.storedAgain();
  }

  /** Said once, until something is stored again: each attempt names another passing file. */
  #isNotStored(error: unknown, now: Date): void {
    if (error instanceof Fenced) return this.#options.failed(error);
    const isKnown = this.#unstored !== null;
    this.#unstored = { since: this.#unstored?.since ?? now.toISOString(), why: describe(error) };
    if (isKnown) return;
    const message = 'what was found could not be stored; each round tries again';
    this.#options.trouble({ level: 'error', message, fields: { why: this.#unstored.why } });
  }
}
