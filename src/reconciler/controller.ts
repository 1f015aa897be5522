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
 * one place (`controller/follow-up.ts`) and done in one (`controller/following.ts`). Trials and syncs act, and hand what came of it to
 * the look after. Looks go on beside the trial of the same recipe: so a newer wish is noticed, and ends it.
 *
 * Nothing in here is decided that a pass would not decide, and nothing is known that could not be found out again: the
 * loop may be killed at any moment, and its next start looks at everything.
 */
import { dispatch } from './controller/dispatch.ts';
import type { LoopEvent, Trouble } from './controller/events.ts';
import { Following } from './controller/following.ts';
import { Handover } from './controller/handover.ts';
import { Keeper } from './controller/keeper.ts';
import { Knowledge } from './controller/knowledge.ts';
import { lookAt, type LookPorts } from './controller/looks.ts';
import { Manifests } from './controller/manifests.ts';
import { Mirrors } from './controller/mirrors.ts';
import { differs } from './controller/news.ts';
import { limitTo, openQueues, type Queues, type QueuesMetrics } from './controller/queues.ts';
import { Quiet } from './controller/quiet.ts';
import { Requests } from './controller/requests.ts';
import { Rounds } from './controller/rounds.ts';
import { Trials } from './controller/trials.ts';
import { describe, Fenced } from './errors.ts';
import type { Cause } from './model.ts';
import type { PassResult } from './pass.ts';
import type { Given } from './queue.ts';
import { noting } from './sync-mirrors.ts';

export interface ControllerPorts extends LookPorts {
  /** Stores what is known, as a pass is stored. `isOver`: a round has ended with it. */
  keep(result: PassResult, isOver: boolean): Promise<void>;
  tell(event: LoopEvent): void;
  /** Its volumes are read at the next look, however lately they were. */
  inspectAnew(recipe: string): Promise<void>;
  queues: QueuesMetrics;
}

export interface ControllerOptions {
  ports: ControllerPorts;
  /** Its reason ends the trials under way. */
  stop: AbortSignal;
  /** The last stored pass; null where there was none. */
  lastPass: { startedAt: string; enrolled: readonly string[]; configFile: string | null } | null;
}

/** A look that takes longer waits for somebody who does not answer, and must not keep others from being looked at. */
const PATIENCE_MS = 500;

export class Controller {
  readonly knowledge: Knowledge;
  readonly queues: Queues;
  readonly trials: Trials;
  readonly keeper: Keeper;
  readonly #ports: ControllerPorts;
  readonly #stop: AbortSignal;
  readonly #handover = new Handover();
  readonly #quiet = new Quiet();
  /** Given out to be tried: nobody else syncs their mirrors meanwhile. */
  readonly #onTrial = new Set<string>();
  readonly #manifests: Manifests;
  readonly #mirrors: Mirrors;
  readonly #following: Following;
  readonly #requests: Requests;
  readonly #rounds: Rounds;
  #reconciles = 0;
  /** Ends the run with an error. */
  #fail: (error: unknown) => void = () => undefined;
  readonly #failed = (error: unknown): void => this.#fail(error);

  constructor({ ports, stop, lastPass }: ControllerOptions) {
    const { clock, calendar } = ports;
    this.#ports = { ...ports, mirror: noting(ports.mirror, this.#handover.synced) };
    this.#stop = stop;
    const lastBegan = lastPass === null ? null : new Date(lastPass.startedAt);
    this.knowledge = new Knowledge({ context: ports, calendar, lastPass: lastBegan });
    this.queues = openQueues(clock, ports.queues, (recipe) => this.knowledge.needs(recipe));
    const shared = { ports: this.#ports, knowledge: this.knowledge, stop };
    const trouble = (what: Omit<Trouble, 'type'>): void => ports.tell({ type: 'trouble', ...what });
    this.#manifests = new Manifests({
      ...shared,
      trouble,
      last: lastPass ?? { enrolled: [], configFile: null },
      onNews: (news) => {
        ports.tell({ type: 'fleet-changed', ...news });
        this.keeper.soon();
      },
      onConfig: (config) => {
        limitTo(this.queues, config);
        this.#rounds.rearm();
      },
    });
    this.trials = new Trials({
      ...shared,
      onEvent: (event, reconcile) => ports.tell({ type: 'trial', reconcile, event }),
    });
    this.#mirrors = new Mirrors({
      ...shared,
      queue: this.queues.mirrors,
      outcomes: this.#handover.synced,
      isOnTrial: (recipe) => this.#onTrial.has(recipe),
    });
    this.#following = new Following({
      clock,
      queues: this.queues,
      knowledge: this.knowledge,
      handover: this.#handover,
      isRunning: (recipe) => this.trials.isRunning(recipe),
      trouble,
    });
    this.#requests = this.#openRequests();
    this.#rounds = this.#openRounds();
    this.keeper = new Keeper({
      clock,
      trouble,
      failed: this.#failed,
      report: (startedAt, now) => this.knowledge.report(startedAt, now),
      keep: (result, isOver) => ports.keep(result, isOver),
      storedAgain: () => this.#following.storedAgain(),
      lastRound: lastPass?.startedAt ?? null,
    });
  }

  #openRequests(): Requests {
    return new Requests({
      ports: this.#ports,
      failed: this.#failed,
      wanted: (recipe) => this.want(recipe, 'person'),
      quietly: async (work) => await this.#quiet.quietly(work),
      changed: () => void this.#wantAll('person'),
    });
  }

  #openRounds(): Rounds {
    return new Rounds({
      clock: this.#ports.clock,
      failed: this.#failed,
      intervalMs: () => this.knowledge.intervalMs,
      begin: () => this.#beginRound(),
      ended: (startedAt) => this.#endRound(startedAt),
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

  async #runToTheEnd(): Promise<void> {
    const { looks, trials, mirrors } = this.queues;
    const served = [
      dispatch(looks, (given) => this.#look(given), this.#failed),
      dispatch(trials, (given) => this.#quiet.during(() => this.#try(given)), this.#failed),
      dispatch(mirrors, (given) => this.#quiet.during(() => this.#sync(given)), this.#failed),
    ];
    const unwatch = this.trials.watch();
    try {
      await this.#rounds.begin();
      this.#requests.watch();
      if (!this.#stop.aborted) await new Promise((resolve) => this.#stop.addEventListener('abort', resolve));
    } finally {
      this.#rounds.stop();
      this.#manifests.stop();
      const never = new AbortController().signal;
      await Promise.all([looks, trials, mirrors].map((queue) => queue.drain(never)));
      await Promise.all([...served, this.#requests.stop(), unwatch()]);
      await this.keeper.stop();
    }
  }

  async #beginRound(): Promise<readonly string[]> {
    this.knowledge.roundBegins();
    await this.#manifests.read();
    return this.#wantAll('scan');
  }

  async #endRound(startedAt: Date): Promise<void> {
    if (this.#stop.aborted) return;
    const result = await this.keeper.roundEnded(startedAt);
    const strays = await this.#ports.registry.strays();
    this.#ports.tell({ type: 'round-ended', result, isStored: this.keeper.unstored === null, strays });
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
      if (cause === 'person') await this.#ports.inspectAnew(key);
      await this.#lookAt(key, cause);
    } catch (error) {
      if (error instanceof Fenced) throw error;
      if (this.#stop.aborted) return;
      const fields = { recipe: key, why: describe(error) };
      const message = 'a look failed, and is tried again';
      this.#ports.tell({ type: 'trouble', level: 'error', message, fields });
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
      onTrial: this.trials.runningOf(recipe),
      signal: this.#stop,
    });
    if (result === null) return this.#gone(recipe);
    const { before, row } = result.told;
    if (result.isRemembered) this.#handover.isTaken(recipe, handed, row.mirror?.state === 'equal');
    this.#ports.tell(result.told);
    if (differs(before, row)) this.keeper.soon();
    this.trials.judge(result.view, result.decision);
    this.#mirrors.judge(result.view, result.decision, handed.synced);
    this.#following.fromLook(result, cause);
  }

  #gone(recipe: string): void {
    this.#following.forget(recipe);
    this.trials.abandon(recipe);
    this.#handover.forget(recipe);
    if (this.knowledge.row(recipe) === undefined) return;
    this.knowledge.forget(recipe);
    this.#ports.tell({ type: 'gone', recipe });
    this.keeper.soon();
  }

  async #try({ key }: Given): Promise<void> {
    this.#onTrial.add(key);
    try {
      // It may be at work on the mirror already.
      await this.#mirrors.settled(key);
      if (this.#stop.aborted) return;
      const tried = await this.trials.attempt(key, this.#nextReconcile());
      this.#following.fromTrial(key, tried);
    } finally {
      this.#onTrial.delete(key);
    }
  }

  async #sync({ key }: Given): Promise<void> {
    const tended = await this.#mirrors.attempt(key);
    if (tended !== null) this.#handover.tended(key, tended);
    this.want(key, 'scan');
  }

  #nextReconcile(): string {
    return `${this.#ports.instance.term}.${++this.#reconciles}`;
  }
}
