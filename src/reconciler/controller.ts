/**
 * The continuous loop: level-triggered, and what is queued is a recipe's name.
 *
 *     rounds, events -> looks -> trials  -> looks
 *                             -> mirrors -> looks
 *
 * A recipe is looked at once in each round, and when its manifest, its record or a volume changed, a webhook or a person
 * named it, a trial or a sync of it ended, or the time has come that its last look named. All of these only put its name
 * on the queue of looks, and the loss of any but the rounds is made up for by the next one.
 *
 * A look reads both sides, decides and remembers what is news (`controller/looks.ts`). What follows from it is said in
 * one place (`controller/follow-up.ts`) and done in one, `#follow`. Trials and syncs act, and hand what came of it to
 * the look after. Looks go on beside the trial of the same recipe: so a newer wish is noticed, and ends it.
 *
 * Nothing in here is decided that a pass would not decide, and nothing is known that could not be found out again: the
 * loop may be killed at any moment, and its next start looks at everything.
 */
import { dispatch } from './controller/dispatch.ts';
import type { LoopEvent, Trouble } from './controller/events.ts';
import { followUpOf } from './controller/follow-up.ts';
import { Handover } from './controller/handover.ts';
import { Keeper } from './controller/keeper.ts';
import { Knowledge } from './controller/knowledge.ts';
import { lookAt, type LookPorts, type LookResult } from './controller/looks.ts';
import { Manifests } from './controller/manifests.ts';
import { Mirrors } from './controller/mirrors.ts';
import { differs } from './controller/news.ts';
import { limitTo, openQueues, type Queues, type QueuesMetrics } from './controller/queues.ts';
import { Quiet } from './controller/quiet.ts';
import { Requests } from './controller/requests.ts';
import { Rounds } from './controller/rounds.ts';
import { Trials, type Tried } from './controller/trials.ts';
import { describe, Fenced } from './errors.ts';
import type { Cause, Decision, TrialRecord } from './model.ts';
import type { PassResult } from './pass.ts';
import type { Given } from './queue.ts';
import { noting } from './sync-mirrors.ts';

export interface ControllerPorts extends LookPorts {
  /** Stores what is known, as a pass is stored. `isOver`: a round has ended with it. */
  keep(result: PassResult, isOver: boolean): Promise<void>;
  tell(event: LoopEvent): void;
  queues: QueuesMetrics;
}

export interface ControllerOptions {
  ports: ControllerPorts;
  /** Its reason ends the trials under way. */
  stop: AbortSignal;
  /** The last stored pass; null where there was none. */
  lastPass: { startedAt: string; enrolled: readonly string[]; configFile: string | null } | null;
}

/** Until a configuration was read. */
const DEFAULT_INTERVAL_MS = 600_000;

/** A look that takes longer waits for somebody who does not answer, and must not keep others from being looked at. */
const PATIENCE_MS = 500;

/** These may hope for something else than what failed a moment ago. */
const ANEW: readonly Cause[] = ['person', 'edit'];

export class Controller {
  readonly knowledge: Knowledge;
  readonly queues: Queues;
  readonly #ports: ControllerPorts;
  readonly #stop: AbortSignal;
  readonly #handover = new Handover();
  readonly #quiet = new Quiet();
  /** Of what could not even be recorded, the inputs: its next attempt is on the queue. */
  readonly #unrecorded = new Map<string, string>();
  /** Given out to be tried: nobody else syncs their mirrors meanwhile. */
  readonly #onTrial = new Set<string>();
  readonly #manifests: Manifests;
  readonly #trials: Trials;
  readonly #mirrors: Mirrors;
  readonly #requests: Requests;
  readonly #rounds: Rounds;
  readonly #keeper: Keeper;
  #reconciles = 0;
  /** Ends the run with an error. */
  #fail: (error: unknown) => void = () => undefined;

  constructor({ ports, stop, lastPass }: ControllerOptions) {
    const { clock, calendar } = ports;
    this.#ports = { ...ports, mirror: noting(ports.mirror, this.#handover.synced) };
    this.#stop = stop;
    const lastBegan = lastPass === null ? null : new Date(lastPass.startedAt);
    this.knowledge = new Knowledge({ context: ports, calendar, lastPass: lastBegan });
    this.queues = openQueues(clock, ports.queues, (recipe) => this.knowledge.needs(recipe));
    const shared = { ports: this.#ports, knowledge: this.knowledge, stop };
    const trouble = (what: Omit<Trouble, 'type'>): void => ports.tell({ type: 'trouble', ...what });
    const failed = (error: unknown): void => this.#fail(error);
    this.#manifests = new Manifests({
      ...shared,
      trouble,
      last: lastPass ?? { enrolled: [], configFile: null },
      onRead: () => ports.tell({ type: 'manifests-read', ...this.knowledge.fleetFacts() }),
      onConfig: (config) => {
        limitTo(this.queues, config);
        this.#rounds.rearm();
      },
    });
    this.#trials = new Trials({
      ...shared,
      onEvent: (event, reconcile) => ports.tell({ type: 'trial', reconcile, event }),
    });
    this.#mirrors = new Mirrors({
      ...shared,
      queue: this.queues.mirrors,
      outcomes: this.#handover.synced,
      isOnTrial: (recipe) => this.#onTrial.has(recipe),
    });
    this.#requests = new Requests({
      ports: this.#ports,
      failed,
      wanted: (recipe) => this.want(recipe, 'person'),
      quietly: async (work) => await this.#quiet.quietly(work),
      changed: () => void this.#wantAll('person'),
    });
    this.#rounds = new Rounds({
      clock,
      failed,
      intervalMs: () => this.#intervalMs(),
      begin: () => this.#beginRound(),
      ended: (startedAt) => this.#endRound(startedAt),
    });
    this.#keeper = new Keeper({
      clock,
      trouble,
      failed,
      report: (startedAt, now) => this.knowledge.report(startedAt, now),
      keep: (result, isOver) => ports.keep(result, isOver),
      lastRound: lastPass?.startedAt ?? null,
    });
  }

  /** Reads the manifests for the first time. Throws `CannotRun` where they cannot be read. */
  async prepare(): Promise<void> {
    await this.#manifests.read();
  }

  /**
   * Runs until it is stopped; then whatever was under way has ended, and what is known is stored. Throws `Fenced` at
   * once when the lease is lost: then nobody waits for anything, the successor ends what was started.
   */
  async run(): Promise<void> {
    const failure = new Promise<never>((_resolve, reject) => (this.#fail = reject));
    await Promise.race([failure, this.#runToTheEnd()]);
  }

  /** Puts a name on the queue of looks, and nothing else. */
  want(recipe: string, cause: Cause): void {
    this.queues.looks.add(recipe, cause);
  }

  /** Something happened to these recipes' records or volumes. What a trial does is looked at when it has ended. */
  stateChanged(recipes: ReadonlySet<string>): void {
    for (const recipe of recipes) if (!this.#onTrial.has(recipe)) this.want(recipe, 'edit');
  }

  /** Something happened to these files of the manifest folder; nobody waits for what comes of it. */
  manifestsChanged(files: ReadonlySet<string>): void {
    if (this.#stop.aborted) return;
    this.#manifests.read(files).then(
      (names) => names.forEach((name) => this.want(name, 'edit')),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Everything as it was looked at last. */
  report(): PassResult {
    const now = this.#ports.clock.now();
    return this.knowledge.report(this.#keeper.lastRound ?? now.toISOString(), now);
  }

  get runningTrials(): readonly TrialRecord[] {
    return this.#trials.running;
  }

  runningTrial(recipe: string): TrialRecord | null {
    return this.runningTrials.find((trial) => trial.recipe === recipe) ?? null;
  }

  async #runToTheEnd(): Promise<void> {
    const { looks, trials, mirrors } = this.queues;
    const failed = (error: unknown): void => this.#fail(error);
    const served = [
      dispatch(looks, (given) => this.#look(given), failed),
      dispatch(trials, (given) => this.#quiet.during(() => this.#try(given)), failed),
      dispatch(mirrors, (given) => this.#quiet.during(() => this.#sync(given)), failed),
    ];
    const unwatch = this.#trials.watch();
    try {
      await this.#rounds.begin();
      this.#requests.watch();
      if (!this.#stop.aborted) await new Promise((resolve) => this.#stop.addEventListener('abort', resolve));
    } finally {
      this.#rounds.stop();
      const never = new AbortController().signal;
      await Promise.all([looks, trials, mirrors].map((queue) => queue.drain(never)));
      await Promise.all([...served, this.#requests.stop(), unwatch()]);
      await this.#keeper.stop();
    }
  }

  async #beginRound(): Promise<readonly string[]> {
    this.knowledge.roundBegins();
    await this.#manifests.read();
    return this.#wantAll('scan');
  }

  async #endRound(startedAt: Date): Promise<void> {
    if (this.#stop.aborted) return;
    const result = await this.#keeper.roundEnded(startedAt);
    const strays = await this.#ports.registry.strays();
    this.#ports.tell({ type: 'round-ended', result, strays });
  }

  #wantAll(cause: Cause): readonly string[] {
    const names = this.knowledge.names();
    for (const name of names) this.want(name, cause);
    return names;
  }

  async #look({ key, cause }: Given): Promise<void> {
    const beganAt = this.#ports.clock.uptime().ms;
    const keepPlace = this.#ports.clock.alarm(PATIENCE_MS, () => this.queues.looks.stepAside(key));
    try {
      await this.#requests.obeyFor(key);
      await this.#lookAt(key, cause);
    } catch (error) {
      if (error instanceof Fenced) throw error;
      if (this.#stop.aborted) return;
      this.#trouble('error', 'a look failed, and is tried again', { recipe: key, why: describe(error) });
      this.queues.looks.retry(key, 'failed');
    } finally {
      keepPlace();
    }
    await this.#rounds.looked(key, beganAt);
  }

  async #lookAt(recipe: string, cause: Cause): Promise<void> {
    const { knowledge } = this;
    const handed = this.#handover.waitingFor(recipe);
    const reconcile = this.#nextReconcile();
    const result = await lookAt(recipe, reconcile, {
      knowledge,
      ports: this.#ports,
      handed,
      onTrial: this.runningTrial(recipe),
      signal: this.#stop,
    });
    if (result === null) {
      this.#gone(recipe);
      return;
    }
    const isMirrorEqual = result.told.row.mirror?.state === 'equal';
    if (result.isRemembered) this.#handover.isTaken(recipe, handed, isMirrorEqual);
    this.#ports.tell(result.told);
    if (differs(result.told.before, result.told.row)) this.#keeper.soon();
    this.#trials.judge(result.view, result.decision);
    this.#mirrors.judge(result.view, result.decision, handed.synced);
    this.#follow(result, cause);
  }

  #isPostponed({ recipe, plan }: Decision, cause: Cause): boolean {
    return this.#unrecorded.get(recipe) === plan?.inputs && !ANEW.includes(cause);
  }

  #gone(recipe: string): void {
    this.queues.looks.forget(recipe);
    this.#trials.abandon(recipe);
    this.#handover.forget(recipe);
    if (this.knowledge.row(recipe) === undefined) return;
    this.knowledge.forget(recipe);
    this.#ports.tell({ type: 'gone', recipe });
    this.#keeper.soon();
  }

  #follow({ decision, told, isRemembered }: LookResult, cause: Cause): void {
    const { looks, trials } = this.queues;
    const { row, before } = told;
    const now = this.#ports.clock.now();
    const followUp = followUpOf(decision, { before, row, cause, now, isRemembered });
    const { recipe } = row;
    // One that is on trial was judged; what it ends with makes a look.
    if (followUp.tryAs !== null && !this.#trials.isRunning(recipe) && !this.#isPostponed(decision, cause))
      trials.add(recipe, followUp.tryAs);
    if (followUp.lookAgainInMs !== null) looks.add(recipe, 'retry', followUp.lookAgainInMs);
    if (followUp.lookAgainAfterBackoff) looks.retry(recipe, decision.reason);
    else looks.forget(recipe);
    if (!followUp.lookAtDependents) return;
    for (const name of this.knowledge.dependents(recipe)) this.want(name, 'release');
  }

  async #try({ key }: Given): Promise<void> {
    this.#onTrial.add(key);
    try {
      // It may be at work on the mirror already.
      await this.#mirrors.settled(key);
      if (!this.#stop.aborted) this.#tried(key, await this.#trials.attempt(key, this.#nextReconcile()));
    } finally {
      this.#onTrial.delete(key);
    }
  }

  #tried(recipe: string, tried: Tried): void {
    const { looks, trials } = this.queues;
    if (tried.kind === 'not-wanted') {
      // What the look found has changed since, or could not be remembered: either way nothing is gained by haste.
      looks.retry(recipe, tried.kind);
      return;
    }
    if (tried.kind === 'ended') {
      this.#handover.trialEnded(tried.trial);
      this.#unrecorded.delete(recipe);
      trials.forget(recipe);
      this.#roomIsFree();
    } else {
      this.#unrecorded.set(recipe, tried.inputs);
      this.#trouble('error', 'a trial could not be recorded', { recipe, why: tried.why });
      trials.retry(recipe, tried.inputs);
    }
    this.knowledge.acted(recipe, tried.kind === 'ended' ? tried.trial : null);
    this.want(recipe, 'release');
  }

  /** Whoever waited for that is to be looked at. */
  #roomIsFree(): void {
    for (const { recipe, reason } of this.knowledge.rows())
      if (reason === 'disk-budget') this.want(recipe, 'retry');
  }

  async #sync({ key }: Given): Promise<void> {
    const tended = await this.#mirrors.attempt(key);
    if (tended !== null) this.#handover.tended(key, tended);
    this.want(key, 'scan');
  }

  #intervalMs(): number {
    if (!this.knowledge.isAnythingBelieved) return DEFAULT_INTERVAL_MS;
    return this.knowledge.config?.intervalMs ?? DEFAULT_INTERVAL_MS;
  }

  #nextReconcile(): string {
    this.#reconciles += 1;
    return `${this.#ports.instance.term}.${this.#reconciles}`;
  }

  #trouble(level: Trouble['level'], message: string, fields: Trouble['fields']): void {
    this.#ports.tell({ type: 'trouble', level, message, fields });
  }
}
