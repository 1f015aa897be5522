/**
 * Does what follows from a look, as `follow-up.ts` says, and from a trial: nobody else puts a recipe on a queue because
 * of what was found.
 */
import type { Cause, Decision } from '../model.ts';
import type { Clock } from '../ports.ts';
import type { Trouble } from './events.ts';
import { followUpOf } from './follow-up.ts';
import type { Handover } from './handover.ts';
import type { Knowledge } from './knowledge.ts';
import type { LookResult } from './looks.ts';
import type { Queues } from './queues.ts';
import type { Tried } from './trials.ts';

export interface FollowingOptions {
  clock: Pick<Clock, 'now'>;
  queues: Queues;
  knowledge: Knowledge;
  handover: Handover;
  isRunning: (recipe: string) => boolean;
  trouble: (trouble: Omit<Trouble, 'type'>) => void;
}

/** These may hope for something else than what failed a moment ago. */
const ANEW: readonly Cause[] = ['person', 'edit'];

export class Following {
  readonly #options: FollowingOptions;
  /** Of trials that could not even be recorded, the inputs: their next attempt is on the queue. */
  readonly #unrecorded = new Map<string, string>();

  constructor(options: FollowingOptions) {
    this.#options = options;
  }

  fromLook({ decision, told, isRemembered }: LookResult, cause: Cause): void {
    const { clock, queues, knowledge, isRunning } = this.#options;
    const { row, before } = told;
    const followUp = followUpOf(decision, { before, row, cause, now: clock.now(), isRemembered });
    const { recipe } = row;
    // One that is on trial was judged; what it ends with makes a look.
    if (followUp.tryAs !== null && !isRunning(recipe) && !this.#isPostponed(decision, cause))
      queues.trials.add(recipe, followUp.tryAs);
    if (followUp.lookAgainInMs !== null) queues.looks.add(recipe, 'retry', followUp.lookAgainInMs);
    if (followUp.lookAgainAfterBackoff) queues.looks.retry(recipe, decision.reason);
    else queues.looks.forget(recipe);
    if (!followUp.lookAtDependents) return;
    for (const name of knowledge.dependents(recipe)) queues.looks.add(name, 'release');
  }

  fromTrial(recipe: string, tried: Tried): void {
    const { clock, queues, knowledge, handover, trouble } = this.#options;
    if (tried.kind === 'not-wanted') {
      // What the look found has changed since, or could not be remembered: either way nothing is gained by haste.
      queues.looks.retry(recipe, tried.kind);
      return;
    }
    if (tried.kind === 'ended') {
      handover.trialEnded(tried.trial);
      this.#unrecorded.delete(recipe);
      queues.trials.forget(recipe);
      this.#roomIsFree();
    } else {
      this.#unrecorded.set(recipe, tried.inputs);
      const againInMs = queues.trials.retry(recipe, tried.inputs);
      const again = new Date(clock.now().getTime() + againInMs).toISOString();
      const fields = { recipe, why: tried.why, again };
      trouble({ level: 'error', message: 'a trial could not be recorded', fields });
    }
    knowledge.acted(recipe, tried.kind === 'ended' ? tried.trial : null);
    queues.looks.add(recipe, 'release');
  }

  /** What could not be recorded for want of it need not wait any longer. */
  storedAgain(): void {
    const { queues } = this.#options;
    for (const recipe of this.#unrecorded.keys()) {
      queues.trials.forget(recipe);
      queues.looks.add(recipe, 'retry');
    }
    this.#unrecorded.clear();
  }

  forget(recipe: string): void {
    this.#unrecorded.delete(recipe);
    this.#options.queues.looks.forget(recipe);
  }

  #isPostponed({ recipe, plan }: Decision, cause: Cause): boolean {
    return this.#unrecorded.get(recipe) === plan?.inputs && !ANEW.includes(cause);
  }

  /** Whoever waited for that is to be looked at. */
  #roomIsFree(): void {
    const { knowledge, queues } = this.#options;
    for (const { recipe, reason } of knowledge.rows())
      if (reason === 'disk-budget') queues.looks.add(recipe, 'retry');
  }
}
