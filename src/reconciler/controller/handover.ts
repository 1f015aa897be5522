/** What trials and syncs found out, until a look has remembered it: looks alone write a recipe's memory. */
import type { PullRequestReport, TrialRecord } from '../model.ts';
import type { SyncOutcome, SyncOutcomes } from '../sync-mirrors.ts';

export interface Handed {
  /** One that ended. */
  trial: TrialRecord | null;
  synced: SyncOutcome | null;
  tended: PullRequestReport | null;
}

export class Handover {
  /** Of whoever syncs a mirror: a trial does it, too. */
  readonly synced: SyncOutcomes = new Map();
  readonly #trials = new Map<string, TrialRecord>();
  readonly #tended = new Map<string, PullRequestReport>();

  trialEnded(trial: TrialRecord): void {
    this.#trials.set(trial.recipe, trial);
  }

  tended(recipe: string, report: PullRequestReport): void {
    this.#tended.set(recipe, report);
  }

  waitingFor(recipe: string): Handed {
    return {
      trial: this.#trials.get(recipe) ?? null,
      synced: this.synced.get(recipe) ?? null,
      tended: this.#tended.get(recipe) ?? null,
    };
  }

  /** It is remembered; what came since waits for the next look. */
  isTaken(recipe: string, { trial, synced, tended }: Handed): void {
    if (this.#trials.get(recipe) === trial) this.#trials.delete(recipe);
    if (this.synced.get(recipe) === synced) this.synced.delete(recipe);
    if (this.#tended.get(recipe) === tended) this.#tended.delete(recipe);
  }

  forget(recipe: string): void {
    this.isTaken(recipe, this.waitingFor(recipe));
  }
}
