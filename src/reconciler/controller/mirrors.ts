/**
 * Keeps the team's mirrors equal to upstream beside the trials: what a look finds different is synced, and its pull
 * requests are looked after. What came of it is handed to the look that follows. One that fails is tried again with
 * growing delays, or at once where either side changed.
 */
import { instantOf } from '../look.ts';
import type { Decision, PullRequestReport } from '../model.ts';
import type { PassPorts } from '../pass.ts';
import type { WorkQueue } from '../queue.ts';
import { isSyncDue, syncMirrors, type SyncOutcome, type SyncOutcomes } from '../sync-mirrors.ts';
import { arePullRequestsDue, tendPullRequests } from '../tend-pull-requests.ts';
import type { RecipeView } from '../view.ts';
import type { Knowledge } from './knowledge.ts';

export interface MirrorsOptions {
  ports: PassPorts;
  knowledge: Knowledge;
  queue: WorkQueue;
  /** What came of each sync since the last look at its recipe; whoever synced, a trial too. */
  outcomes: SyncOutcomes;
  /** A trial of a recipe syncs its mirror itself. */
  isOnTrial: (recipe: string) => boolean;
  stop: AbortSignal;
}

export class Mirrors {
  readonly #options: MirrorsOptions;
  /** What both sides were when it failed last: its next attempt is on the queue. */
  readonly #failedOn = new Map<string, string>();
  /** Synced well, and their pull requests were not looked after since. */
  readonly #untended: SyncOutcomes = new Map();
  readonly #atWork = new Map<string, Promise<unknown>>();

  constructor(options: MirrorsOptions) {
    this.#options = options;
  }

  /** After each look. `synced`: what came of a sync since the look before, whoever synced. */
  judge(view: RecipeView, decision: Decision, synced: SyncOutcome | null): void {
    const { recipe } = view;
    const { queue } = this.#options;
    if (synced?.report != null) this.#untended.set(recipe, synced);
    if (!this.#isDue(view, decision)) {
      queue.forget(recipe);
      this.#failedOn.delete(recipe);
    } else if (this.#failedOn.get(recipe) !== this.#sidesOf(view)) {
      queue.add(recipe, 'release');
    }
  }

  /** Waits until nobody is at work on this mirror. */
  async settled(recipe: string): Promise<void> {
    await this.#atWork.get(recipe)?.catch(() => undefined);
  }

  /** Returns what came of its pull requests, where they were looked after. Throws only `Fenced`. */
  async attempt(recipe: string): Promise<PullRequestReport | null> {
    const attempt = this.#attempt(recipe);
    this.#atWork.set(recipe, attempt);
    try {
      return await attempt;
    } finally {
      this.#atWork.delete(recipe);
    }
  }

  async #attempt(recipe: string): Promise<PullRequestReport | null> {
    const { knowledge, outcomes, isOnTrial, queue } = this.#options;
    const [view, decision] = [knowledge.view(recipe), knowledge.decision(recipe)];
    if (view === undefined || decision === undefined || isOnTrial(recipe)) return null;
    if (!this.#isDue(view, decision)) return null;
    await this.#sync(view, decision);
    const tended = await this.#tend(view, decision);
    const isFailed = outcomes.get(recipe)?.fault != null || (tended?.trouble ?? null) !== null;
    if (isFailed) {
      const sides = this.#sidesOf(view);
      this.#failedOn.set(recipe, sides);
      queue.retry(recipe, sides);
    } else {
      this.#failedOn.delete(recipe);
      queue.forget(recipe);
    }
    return tended;
  }

  async #sync(view: RecipeView, decision: Decision): Promise<void> {
    const { ports, outcomes, stop } = this.#options;
    if (!isSyncDue(view, decision, this.#now())) return;
    outcomes.delete(view.recipe);
    await syncMirrors([view], { mirror: ports.mirror, outcomes, stop, workFor: ports.background });
  }

  async #tend(view: RecipeView, decision: Decision): Promise<PullRequestReport | null> {
    const { ports, outcomes, stop } = this.#options;
    const synced = outcomes.get(view.recipe);
    if (synced?.report != null) this.#untended.set(view.recipe, synced);
    if (!arePullRequestsDue(view, decision, this.#untended, this.#now())) return null;
    const reports = await tendPullRequests([view], { mirror: ports.mirror, stop, workFor: ports.background });
    this.#untended.delete(view.recipe);
    return reports.get(view.recipe) ?? null;
  }

  #isDue(view: RecipeView, decision: Decision): boolean {
    const now = this.#now();
    return isSyncDue(view, decision, now) || arePullRequestsDue(view, decision, this.#untended, now);
  }

  /** Both sides, as far as a mirror is compared by them. */
  #sidesOf({ refs, mirror }: RecipeView): string {
    return this.#options.ports.digest(JSON.stringify([refs, mirror]));
  }

  #now(): Date {
    return instantOf(this.#options.ports.clock).now;
  }
}
