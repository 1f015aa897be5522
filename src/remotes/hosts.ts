/**
 * Whose turn it is to ask, so that no host slows the others.
 *
 * Invariants, which `#next` keeps: at most `concurrency` questions are under way that somebody still waits for in
 * good faith, and at most three to a host that has not answered yet. Hosts take turns, whatever the length of their
 * queues. A question that is not answered within `PATIENCE_MS` gives its place to others and goes on beside them.
 *
 * A host is down once its failures in a row weigh `TOO_MUCH`: whoever waits for it, and whoever comes, is told so at once,
 * until it may be tried again. That is said once for the host, not once for each of its repositories.
 *
 * A few repositories that fail by themselves must not pass for their host. So who waits for a host is asked in random
 * order, a failure counts only where the host answered nobody since the question began, and what may be the doing of
 * one repository weighs less.
 */
import { describe } from '../reconciler/errors.ts';
import type { Asking } from '../reconciler/ports.ts';

/** What happened says something about the host, and not only about the repository that was asked for. */
export class HostFailure extends Error {
  override readonly name = 'HostFailure';
  readonly kind: HostFailureKind;

  constructor(message: string, kind: HostFailureKind) {
    super(message);
    this.kind = kind;
  }
}

/** No connection or no answer in time; or an answer, or the beginning of one, that may be due to one repository. */
export type HostFailureKind = 'unreachable' | 'answered-badly';

/** Three that are unreachable, or ten that are answered badly. */
const TOO_MUCH = 30;
const WEIGHTS = { unreachable: 10, 'answered-badly': 3 } as const satisfies Record<HostFailureKind, number>;
const PATIENCE_MS = 2000;
const DOWN_MS = 60_000;
/** Of all hosts together: their connections are open, though nobody waits in good faith. */
const MOST_BESIDE = 256;

export interface HostsOptions {
  /** A host goes down, or answers again. */
  onChange(change: { host: string; down: boolean; why: string }): void;
  /** In milliseconds; it never goes back. */
  clock?: () => number;
  /** At least 0, and less than 1. */
  random?: () => number;
}

interface Host {
  name: string;
  /** In random order. */
  waiting: Waiting[];
  underWay: number;
  /** Since it was last down. */
  hasAnswered: boolean;
  answers: number;
  /** What the failures since its last answer weigh together. */
  weight: number;
  /** Until when it is not asked. */
  downUntil: number;
  why: string;
  isReported: boolean;
}

interface Waiting {
  concurrency: number;
  start(): void;
  refuse(error: unknown): void;
}

/** A place among those who ask. */
interface Turn {
  host: Host;
  /** How many answers the host had given when it began. */
  answersBefore: number;
  isBeside: boolean;
  timer: NodeJS.Timeout;
}

export class Hosts {
  readonly #hosts = new Map<string, Host>();
  /** Hosts that somebody waits for, in the order of their turns. */
  readonly #queue = new Set<Host>();
  #underWay = 0;
  #beside = 0;
  #isAboutToStart = false;
  readonly #options: HostsOptions;
  readonly #clock: () => number;
  readonly #random: () => number;

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
  }

  /**
   * Runs `work` when it is its turn. Throws what `work` throws, `HostFailure` where the host is down, or the signal's
   * reason.
   */
  async ask<T>(name: string, asking: Asking, work: () => Promise<T>): Promise<T> {
    asking.signal.throwIfAborted();
    const host = this.#host(name);
    this.#assertUp(host);
    const turn = await this.#turn(host, asking);
    try {
      asking.signal.throwIfAborted();
      const result = await work();
      this.#succeeded(host);
      return result;
    } catch (error) {
      if (error instanceof HostFailure) this.#failed(turn, error);
      // Whatever else it says of a repository, it says something.
      else if (!asking.signal.aborted) this.#succeeded(host);
      throw error;
    } finally {
      this.#leave(turn);
    }
  }

  #host(name: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const counts = { underWay: 0, answers: 0, weight: 0, downUntil: 0 };
    const host = { name, waiting: [], ...counts, hasAnswered: false, why: '', isReported: false };
    this.#hosts.set(name, host);
    return host;
  }

  #assertUp(host: Host): void {
    if (host.downUntil <= this.#clock()) return;
    throw new HostFailure(downMessage(host), 'unreachable');
  }

  /**
   * Nobody who waits listens to the signal: once it is aborted whoever is under way ends, and so the turns of all others
   * come at once.
   */
  async #turn(host: Host, { concurrency }: Asking): Promise<Turn> {
    await new Promise<void>((start, refuse) => {
      this.#line(host, { concurrency, start, refuse });
      this.#queue.add(host);
      this.#startSoon();
    });
    const timer = setTimeout(() => this.#stepAside(turn), PATIENCE_MS);
    const turn: Turn = { host, answersBefore: host.answers, isBeside: false, timer };
    return turn;
  }

  /** Anywhere in the line: whoever stood there stands behind all others now. */
  #line({ waiting }: Host, newcomer: Waiting): void {
    const place = Math.floor(this.#random() * (waiting.length + 1));
    const displaced = waiting[place];
    waiting[place] = newcomer;
    if (displaced !== undefined) waiting.push(displaced);
  }

  /** Not before all who come at the same time stand in line: otherwise those that come first by name are first. */
  #startSoon(): void {
    if (this.#isAboutToStart) return;
    this.#isAboutToStart = true;
    setImmediate(() => {
      this.#isAboutToStart = false;
      this.#next();
    });
  }

  /** Gives turns to whoever may have one. */
  #next(): void {
    for (let passedOver = 0; passedOver < this.#queue.size;) {
      const [host] = this.#queue;
      const [first] = host?.waiting ?? [];
      if (host === undefined) return;
      if (first !== undefined && this.#underWay >= first.concurrency) return;
      // Behind the others, until its next turn.
      this.#queue.delete(host);
      if (first === undefined) continue;
      const most = Math.min(first.concurrency, mostAt(host));
      if (host.underWay >= most) {
        this.#queue.add(host);
        passedOver++;
        continue;
      }
      host.waiting.shift();
      if (host.waiting.length > 0) this.#queue.add(host);
      host.underWay++;
      this.#underWay++;
      passedOver = 0;
      first.start();
    }
  }

  #stepAside(turn: Turn): void {
    if (this.#beside >= MOST_BESIDE) return;
    turn.isBeside = true;
    this.#beside++;
    this.#underWay--;
    this.#next();
  }

  #leave(turn: Turn): void {
    clearTimeout(turn.timer);
    turn.host.underWay--;
    if (turn.isBeside) this.#beside--;
    else this.#underWay--;
    this.#next();
  }

  #succeeded(host: Host): void {
    host.weight = 0;
    host.hasAnswered = true;
    host.answers++;
    host.downUntil = 0;
    if (!host.isReported) return;
    host.isReported = false;
    this.#options.onChange({ host: host.name, down: false, why: host.why });
  }

  #failed({ host, answersBefore }: Turn, error: HostFailure): void {
    if (host.answers > answersBefore) return;
    host.weight += WEIGHTS[error.kind];
    host.why = describe(error);
    if (host.weight < TOO_MUCH) return;
    host.downUntil = this.#clock() + DOWN_MS;
    host.hasAnswered = false;
    // The next time one more that is unreachable is enough.
    host.weight = TOO_MUCH - WEIGHTS.unreachable;
    const { waiting } = host;
    host.waiting = [];
    for (const each of waiting) each.refuse(new HostFailure(downMessage(host), 'unreachable'));
    if (host.isReported) return;
    host.isReported = true;
    this.#options.onChange({ host: host.name, down: true, why: host.why });
  }
}

/** One that has not answered yet, or no more, is asked only as much as it takes to find out that it is down. */
function mostAt({ hasAnswered, weight }: Host): number {
  if (hasAnswered && weight === 0) return Number.POSITIVE_INFINITY;
  return Math.ceil((TOO_MUCH - weight) / WEIGHTS.unreachable);
}

function downMessage({ name, why }: Host): string {
  return `${name} did not answer, several times in a row, and is not asked for a while (${why})`;
}
