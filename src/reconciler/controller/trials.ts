/**
 * Trials of the loop: each is decided once more on what is there when its turn has come, runs so that it can be
 * cancelled and superseded, and hands what came of it to the look that follows.
 */
import { AT_WORK } from '../at-work.ts';
import { Cancellations } from '../cancellations.ts';
import { decide } from '../decide.ts';
import { describe, Fenced, TrialEnded } from '../errors.ts';
import { roomFor } from '../gates.ts';
import { instantOf } from '../look.ts';
import type { Decision, TrialRecord } from '../model.ts';
import { observeLocally } from '../observe.ts';
import type { PassPorts } from '../pass.ts';
import { whySuperseded, type Running } from '../superseding.ts';
import { namedTags } from '../sync-mirrors.ts';
import { runTrial } from '../trial.ts';
import type { TrialEvent } from '../trial-run.ts';
import type { RecipeView } from '../view.ts';
import type { Knowledge } from './knowledge.ts';

export interface TrialsOptions {
  ports: PassPorts;
  knowledge: Knowledge;
  stop: AbortSignal;
  onEvent: (event: TrialEvent, reconcile: string) => void;
}

interface RunningTrial extends Running {
  supersede: AbortController;
  trial: TrialRecord | null;
}

/** What became of a recipe whose turn had come. */
export type Tried =
  /** There is nothing to try any more, or something holds it by now. */
  | { kind: 'not-wanted' }
  | { kind: 'ended'; trial: TrialRecord }
  /** It could not even be stored what became of it. */
  | { kind: 'unrecorded'; inputs: string; why: string };

export class Trials {
  readonly #options: TrialsOptions;
  readonly #cancellations: Cancellations;
  readonly #running = new Map<string, RunningTrial>();

  constructor(options: TrialsOptions) {
    this.#options = options;
    this.#cancellations = new Cancellations(options.ports);
  }

  /** Looks for requests to cancel, until the returned function has returned. */
  watch(): () => Promise<void> {
    return this.#cancellations.watch();
  }

  isRunning(recipe: string): boolean {
    return this.#running.has(recipe);
  }

  get running(): readonly TrialRecord[] {
    return [...this.#running.values()].flatMap(({ trial }) => trial ?? []);
  }

  runningOf(recipe: string): TrialRecord | null {
    return this.#running.get(recipe)?.trial ?? null;
  }

  /** Throws only `Fenced`. */
  async attempt(recipe: string, reconcile: string): Promise<Tried> {
    const { knowledge } = this.#options;
    const known = knowledge.view(recipe);
    if (known === undefined) return { kind: 'not-wanted' };
    const { view, decision } = await this.#decideAgain(known);
    const { manifest } = view;
    if (decision.plan === null || manifest === null) return { kind: 'not-wanted' };
    const { plan } = decision;
    const running: RunningTrial = { manifest, plan, supersede: new AbortController(), trial: null };
    // Before anything else is decided.
    knowledge.reserved.set(
      recipe,
      roomFor(view, knowledge.fleetView(instantOf(this.#options.ports.clock), recipe)),
    );
    this.#running.set(recipe, running);
    try {
      return { kind: 'ended', trial: await this.#run(view, running, reconcile) };
    } catch (error) {
      if (error instanceof Fenced) throw error;
      // Whatever of it was stored is still open.
      const why = `a trial of ${recipe} could not be recorded: ${describe(error)}`;
      this.#options.ports.leaveToRecovery(why);
      return { kind: 'unrecorded', inputs: plan.inputs, why };
    } finally {
      this.#running.delete(recipe);
      knowledge.reserved.delete(recipe);
    }
  }

  /** After each look: ends a trial that is not the right one any more. */
  judge(view: RecipeView, decision: Decision): void {
    const { knowledge, ports } = this.#options;
    const running = this.#running.get(view.recipe);
    const { config } = knowledge;
    if (running === undefined || running.supersede.signal.aborted || config === null) return;
    const context = knowledge.context(instantOf(ports.clock));
    const why = whySuperseded(running, view, decision, { config, context });
    if (why !== null) running.supersede.abort(new TrialEnded('superseded', why.reason, why.message));
  }

  /** Nothing is left that names the recipe. */
  abandon(recipe: string): void {
    const message = `${recipe} has no manifest any more, and nothing of it is stored`;
    this.#running.get(recipe)?.supersede.abort(new TrialEnded('superseded', 'de-enrolled', message));
  }

  async #decideAgain(known: RecipeView): Promise<{ view: RecipeView; decision: Decision }> {
    const { knowledge, ports } = this.#options;
    const local = await observeLocally(known.recipe, ports.registry, AT_WORK);
    // A look may have gone on meanwhile.
    const view = { ...(knowledge.view(known.recipe) ?? known), ...local };
    knowledge.see(view);
    const instant = instantOf(ports.clock);
    return {
      view,
      decision: decide(view, knowledge.fleetView(instant, known.recipe), knowledge.context(instant)),
    };
  }

  async #run(view: RecipeView, running: RunningTrial, reconcile: string): Promise<TrialRecord> {
    const { ports, stop, onEvent } = this.#options;
    const { manifest, plan } = running;
    const request = {
      manifest,
      plan,
      named: namedTags(view),
      earlier: view.trials.readable ? view.trials.value : [],
      instance: ports.instance,
      program: ports.program,
    };
    const ends = AbortSignal.any([stop, running.supersede.signal]);
    return await this.#cancellations.during(view.recipe, ends, (signal, onStart) =>
      runTrial(request, ports, signal, (event) => {
        running.trial = event.trial;
        if (event.type === 'trial-started') onStart(event.trial.id);
        onEvent(event, reconcile);
      }),
    );
  }
}
