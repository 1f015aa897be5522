/**
 * Cancelling trials that run: a request is obeyed at once, by aborting the one trial that it names, and answered when
 * that trial has ended, with what really became of it (invariant I3).
 */
import { Fenced, TrialEnded } from './errors.ts';
import type { OperatorRequest, TrialRecord, Wish } from './model.ts';
import { answerCancel } from './obey.ts';
import type { Clock, Registry, RequestDesk } from './ports.ts';
import { cancelAnswer } from './rulings.ts';

/** A person waits for this, and a look at a folder that is mostly not there costs nothing. */
const LOOK_AGAIN_MS = 200;

interface CancelPorts {
  desk: RequestDesk;
  registry: Registry;
  clock: Clock;
}

type Cancel = OperatorRequest & { wish: Extract<Wish, { verb: 'cancel' }> };

interface Running {
  /** Null until it has a name. */
  trial: string | null;
  stop: AbortController;
  cancels: Cancel[];
}

export class Cancellations {
  readonly #ports: CancelPorts;
  readonly #running = new Map<string, Running>();

  constructor(ports: CancelPorts) {
    this.#ports = ports;
  }

  /** Runs a trial so that it can be cancelled. */
  async during(
    recipe: string,
    stop: AbortSignal,
    trial: (signal: AbortSignal, onStart: (id: string) => void) => Promise<TrialRecord>,
  ): Promise<TrialRecord> {
    const running: Running = { trial: null, stop: new AbortController(), cancels: [] };
    this.#running.set(recipe, running);
    try {
      const ended = await trial(AbortSignal.any([stop, running.stop.signal]), (id) => {
        running.trial = id;
      });
      for (const cancel of running.cancels) await this.#answer(cancel, ended);
      return ended;
    } finally {
      this.#running.delete(recipe);
    }
  }

  /** Looks for requests again and again, until the returned function has returned. */
  watch(): () => Promise<void> {
    let ended = false;
    let looking: Promise<void> = Promise.resolve();
    let silence: (() => void) | null = null;
    const again = (): void => {
      if (!ended) silence = this.#ports.clock.alarm(LOOK_AGAIN_MS, look);
    };
    const look = (): void => {
      // What could not be answered now is answered at the next look, or when the pass ends.
      looking = this.#look().then(again, again);
    };
    again();
    return async () => {
      ended = true;
      silence?.();
      await looking;
    };
  }

  async #look(): Promise<void> {
    for (const request of await this.#ports.desk.pending()) {
      if (!isCancel(request)) continue;
      const running = this.#running.get(request.wish.recipe);
      if (running?.trial === request.wish.trial) end(running, request);
      else if (running?.trial !== null)
        await this.#ports.desk.answer(request, await answerCancel(request.wish, this.#ports.registry));
    }
  }

  /** One that could not be answered is still there, and is answered when the pass ends. */
  async #answer(request: Cancel, trial: TrialRecord): Promise<void> {
    try {
      await this.#ports.desk.answer(request, cancelAnswer(request.wish, trial));
    } catch (error) {
      if (error instanceof Fenced) throw error;
    }
  }
}

function end(running: Running, request: Cancel): void {
  if (running.cancels.some(({ id }) => id === request.id)) return;
  running.cancels.push(request);
  running.stop.abort(new TrialEnded('interrupted', 'cancelled', 'cancelled by "reconcile cancel"'));
}

function isCancel(request: OperatorRequest): request is Cancel {
  return request.wish.verb === 'cancel';
}
