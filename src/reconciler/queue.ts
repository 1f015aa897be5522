/**
 * What to work on next. The queue holds keys, the names of recipes, and never events: whoever is given a key reads
 * both sides again, so it makes no difference how often, why and in which order keys were added. What is lost is
 * found by the next look at everything.
 *
 * What it promises, to any number of producers and workers:
 *
 * - Stingy: however often a key is added, it is given out once for all that was added before.
 * - One at a time: no key is given out while it is in process; added meanwhile, it is given out once more after that.
 *   Nor is one given out while a key that needs it, or that it needs, is in process.
 * - Fair: the most urgent comes first, and waiting makes urgent. What cannot be given out yet is not overtaken by what
 *   would keep it from being given out, and what a key needs and is wanted too goes before it, but only once.
 * - It ends: once stopped it gives out nothing, tells every worker so, and says when the last one is done.
 *
 * The loop has two of them. Looks are many at a time, need nothing, and decide; what they decide to try they add to the
 * trials, which are few at a time, and need the recipe's dependencies. So a recipe is looked at also while it is on
 * trial, which is how a newer wish is noticed; nobody but looks decides, and one recipe's looks never overlap.
 *
 * Time is uptime: it goes on evenly however the wall clock is set, and while the machine sleeps. Nothing in here lasts
 * longer than the process; what has to is a hold, and derived from what is stored.
 */
import type { Backoff, Cause } from './model.ts';
import type { Clock } from './ports.ts';
import { Backoffs } from './queue/backoff.ts';
import { Heap } from './queue/heap.ts';
import { Line, type Standing } from './queue/line.ts';
import type { Patience } from './queue/patience.ts';

export interface QueueOptions {
  clock: Pick<Clock, 'uptime' | 'random' | 'alarm'>;
  /** So many keys are in process at the same time, those that stepped aside not counted. */
  limit: number;
  patience: Patience;
  backoff: Backoff;
  /** Everything that a key needs at first or second hand: it shares these with others, but not with themselves. */
  needs?: (key: string) => readonly string[];
  metrics?: QueueMetrics;
}

/** As client-go's; its longest running processor is asked for instead (`longestRunningMs`), so that no timer has to tick. */
export interface QueueMetrics {
  /** So many keys are wanted now: those that wait to be given out, also where they first have to be done. */
  depth(keys: number): void;
  /** A key came to be wanted that was not wanted yet. */
  added(): void;
  /** From being wanted to being given out. */
  waited(ms: number): void;
  /** From being given out to being done. */
  worked(ms: number): void;
  retried(): void;
}

export interface Given {
  key: string;
  /** The most urgent of all that it was added for. It orders what follows from it; nothing is decided by it. */
  cause: Cause;
}

/** It is due when its patience ends. */
interface Wanted extends Standing {
  cause: Cause;
  /** From when on it is wanted. */
  at: number;
  stage: 'later' | 'in-line' | 'again';
}

/** Longer alarms are set again: a timer of the runtime counts less than 25 days. */
const LONGEST_ALARM_MS = 86_400_000;
const NOTHING: readonly string[] = [];

export class WorkQueue {
  readonly #options: Omit<QueueOptions, 'limit'>;
  readonly #backoffs: Backoffs;
  /** Everything that was added and not given out since: one entry for each key, at one of three stages. */
  readonly #wanted = new Map<string, Wanted>();
  /** Stage `later`: their time has not come. */
  readonly #later = new Heap<Wanted>((a, b) => a.at < b.at);
  /** Stage `in-line`: their time has come and they are not in process. Those that are (stage `again`) join when done. */
  readonly #line: Line<Wanted>;
  /** Since when each is in process, the oldest first. No more than #limit, but for one that was lowered since. */
  readonly #processing = new Map<string, number>();
  /** Of these, those that wait for something that is none of ours, and hold up nobody meanwhile. */
  readonly #aside = new Set<string>();
  /** Workers that ask for a key. While there are any, nothing in line may be given out. */
  readonly #waiting: ((given: Given | null) => void)[] = [];
  readonly #onIdle: (() => void)[] = [];
  #limit: number;
  #stopped = false;
  #orders = 0;
  /** How many of #wanted are wanted now. */
  #depth = 0;
  /** Rings no later than the first of #later is due. */
  #alarm: { at: number; cancel: () => void } | null = null;

  constructor({ limit, ...options }: QueueOptions) {
    this.#options = options;
    this.#limit = limit;
    this.#backoffs = new Backoffs(options.backoff, () => options.clock.random());
    this.#line = new Line(options.needs ?? (() => NOTHING));
  }

  /**
   * A key is wanted, now or later. Where it is wanted already the earlier time counts, and the more urgent cause:
   * whoever wanted it later is served by the same look, and says again when to look next.
   */
  add(key: string, cause: Cause, afterMs = 0): void {
    if (this.#stopped) return;
    const now = this.#now();
    const at = now + Math.max(0, afterMs);
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) this.#want(key, cause, at, now);
    else this.#hasten(wanted, cause, at, now);
    this.#handOut(now);
  }

  /** The next key; null once the queue has stopped. Whoever is given one must say when it is done. */
  async get(): Promise<Given | null> {
    if (this.#stopped) return null;
    return await new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#handOut(this.#now());
    });
  }

  done(key: string): void {
    const since = this.#processing.get(key);
    if (since === undefined) throw new Error(`${key} was said to be done, but it is not in process`);
    const now = this.#now();
    this.#processing.delete(key);
    this.#aside.delete(key);
    this.#line.comeBack(key);
    this.#options.metrics?.worked(now - since);
    const again = this.#wanted.get(key);
    if (again?.stage === 'again') this.#lineUp(again);
    this.#handOut(now);
    if (this.#processing.size === 0) for (const tell of this.#onIdle.splice(0)) tell();
  }

  /** It waits, and gives its place to another; it stays in process, and is not given out a second time. */
  stepAside(key: string): void {
    if (!this.#processing.has(key)) return;
    this.#aside.add(key);
    this.#handOut(this.#now());
  }

  /**
   * It failed, and is wanted again after a delay that grows with every failure on the same inputs. Returns the delay.
   * Until then it is given out only where somebody adds it for another cause.
   */
  retry(key: string, inputs: string): number {
    const delay = this.#backoffs.failed(key, inputs);
    this.#options.metrics?.retried();
    this.add(key, 'retry', delay);
    return delay;
  }

  /** It succeeded, or is gone: the next failure is a first one. */
  forget(key: string): void {
    this.#backoffs.forget(key);
  }

  /** From now on so many at a time; where more are in process, they stay in process. */
  limitTo(limit: number): void {
    this.#limit = limit;
    this.#handOut(this.#now());
  }

  /** Nothing is given out or taken in any more; what is wanted is found again by whoever starts next. */
  stop(): void {
    this.#stopped = true;
    this.#alarm?.cancel();
    this.#alarm = null;
    for (const resolve of this.#waiting.splice(0)) resolve(null);
  }

  /** Stops, and waits for what is in process. Returns what was not done by the deadline. */
  async drain(deadline: AbortSignal): Promise<readonly string[]> {
    this.stop();
    if (this.#processing.size > 0 && !deadline.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle.push(resolve);
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return [...this.#processing.keys()];
  }

  get depth(): number {
    return this.#depth;
  }

  /** For how long the key that was given out first is in process; 0 where none is. */
  get longestRunningMs(): number {
    for (const since of this.#processing.values()) return this.#now() - since;
    return 0;
  }

  #now(): number {
    return this.#options.clock.uptime().ms;
  }

  #want(key: string, cause: Cause, at: number, now: number): void {
    const wanted: Wanted = {
      key,
      cause,
      at,
      due: at + this.#options.patience[cause],
      order: ++this.#orders,
      stage: 'later',
      letPass: null,
      slot: -1,
    };
    this.#wanted.set(key, wanted);
    if (at > now) this.#later.push(wanted);
    else this.#becomeWanted(wanted);
  }

  #hasten(wanted: Wanted, cause: Cause, at: number, now: number): void {
    const { patience } = this.#options;
    if (patience[cause] < patience[wanted.cause]) wanted.cause = cause;
    if (wanted.stage === 'later') {
      wanted.at = Math.min(wanted.at, at);
      wanted.due = wanted.at + patience[wanted.cause];
      this.#later.reorder(wanted);
      return;
    }
    wanted.due = Math.min(wanted.due, now + patience[cause]);
    if (wanted.stage === 'in-line') this.#line.moveUp(wanted);
  }

  /** Whatever happened: those whose time has come are wanted now, and those that may are given out. */
  #handOut(now: number): void {
    if (this.#stopped) return;
    for (let next = this.#later.first(); next !== undefined && next.at <= now; next = this.#later.first()) {
      this.#later.remove(next);
      this.#becomeWanted(next);
    }
    while (this.#waiting.length > 0 && this.#processing.size - this.#aside.size < this.#limit) {
      const next = this.#line.next();
      if (next === null) break;
      this.#give(next, now);
    }
    this.#setAlarm(now);
  }

  #becomeWanted(wanted: Wanted): void {
    this.#options.metrics?.added();
    this.#changeDepth(1);
    if (this.#processing.has(wanted.key)) wanted.stage = 'again';
    else this.#lineUp(wanted);
  }

  #lineUp(wanted: Wanted): void {
    wanted.stage = 'in-line';
    this.#line.join(wanted);
  }

  #give({ key, cause, at }: Wanted, now: number): void {
    this.#wanted.delete(key);
    this.#processing.set(key, now);
    this.#options.metrics?.waited(now - at);
    this.#changeDepth(-1);
    this.#waiting.shift()?.({ key, cause });
  }

  #changeDepth(by: number): void {
    this.#depth += by;
    this.#options.metrics?.depth(this.#depth);
  }

  #setAlarm(now: number): void {
    const next = this.#later.first();
    if (next === undefined || (this.#alarm !== null && this.#alarm.at <= next.at)) return;
    this.#alarm?.cancel();
    const at = Math.min(next.at, now + LONGEST_ALARM_MS);
    const cancel = this.#options.clock.alarm(Math.max(1, Math.ceil(at - now)), () => {
      this.#alarm = null;
      this.#handOut(this.#now());
    });
    this.#alarm = { at, cancel };
  }
}
