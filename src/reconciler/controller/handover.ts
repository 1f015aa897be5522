/** What trials and syncs found out, until a look has remembered it: looks alone write a recipe's memory. */
import type { PullRequestReport, TrialRecord } from '../model.ts';
import type { SyncOutcome, SyncOutcomes } from '../sync-mirrors.ts';

export interface Handed {
  /** One that ended. */
  trial: TrialRecord | null;
  synced: SyncOutcome | null;
  /** Of a sync that a look took up already, and that failed: it stands until one succeeds, or nothing differs. */
  standing: SyncOutcome | null;
  tended: PullRequestReport | null;
}

export class Handover {
  /** Of whoever syncs a mirror: a trial does it, too. */
  readonly synced: SyncOutcomes = new Map();
  readonly #trials = new Map<string, TrialRecord>();
  readonly #standing: SyncOutcomes = new Map();
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
      standing: this.#standing.get(recipe) ?? null,
      tended: this.#tended.get(recipe) ?? null,
    };
  }

  /** It is remembered; what came since waits for the next look. `isMirrorEqual`: as that look found it. */
  isTaken(recipe: string, { trial, synced, tended }: Handed, isMirrorEqual: boolean): void {
    if (this.#trials.get(recipe) === trial) this.#trials.delete(recipe);
    if (this.synced.get(recipe) === synced) this.synced.delete(recipe);
    if (this.#tended.get(recipe) === tended) this.#tended.delete(recipe);
    if (synced?.fault != null) this.#standing.set(recipe, synced);
    if (synced?.report != null || isMirrorEqual) this.#standing.delete(recipe);
  }

  forget(recipe: string): void {
    for (const each of [this.#trials, this.synced, this.#standing, this.#tended]) each.delete(recipe);
  }
}
