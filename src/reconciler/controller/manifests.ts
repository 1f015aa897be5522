/**
 * The manifests as the loop goes by them: read at each round and at each event in their folder, and believed with
 * care (`belief.ts`). Says which recipes are to be looked at because of what changed.
 */
import { believe, believeStill, changedRecipes, type Belief } from '../belief.ts';
import { Fenced, inFull } from '../errors.ts';
import { instantOf } from '../look.ts';
import type { FleetConfig, Pause, Reading } from '../model.ts';
import { reachDriver, type ObservePorts } from '../observe.ts';
import { orphansAmong } from '../orphans.ts';
import { paused } from '../pause.ts';
import type { Clock } from '../ports.ts';
import type { FleetChanged, Trouble } from './events.ts';
import type { Knowledge } from './knowledge.ts';
import { Standing } from './standing.ts';

export interface ManifestsOptions {
  ports: Pick<ObservePorts, 'fleet' | 'registry' | 'driver'> & { clock: Clock };
  knowledge: Knowledge;
  /** Of the last stored pass: the recipes that were enrolled, and where the Reconciler document stood. */
  last: { enrolled: readonly string[]; configFile: string | null };
  /** The configuration is another one. */
  onConfig: (config: FleetConfig) => void;
  /** What holds for the whole fleet is not what it was. */
  onNews: (news: Pick<FleetChanged, 'keys' | 'freeze'>) => void;
  trouble: (trouble: Omit<Trouble, 'type'>) => void;
}

export class Manifests {
  readonly #options: ManifestsOptions;
  #reading: Promise<unknown> = Promise.resolve();
  readonly #standing: Standing;
  #cancelThaw: () => void = () => undefined;

  constructor(options: ManifestsOptions) {
    this.#options = options;
    this.#standing = new Standing(options.trouble);
  }

  /**
   * Reads them anew, one reading after another. Returns the recipes whose own changed, and those of the files that
   * something happened to. Throws where nothing was ever read and nothing can be.
   */
  async read(files: ReadonlySet<string> = new Set()): Promise<string[]> {
    const reading = this.#reading.then(() => this.#read(files));
    this.#reading = reading.catch(() => undefined);
    return await reading;
  }

  stop(): void {
    this.#cancelThaw();
  }

  async #read(files: ReadonlySet<string>): Promise<string[]> {
    const { ports, knowledge } = this.#options;
    const before = knowledge.isAnythingBelieved ? knowledge.belief : null;
    const folders = await ports.registry.folders();
    const belief = await this.#believe(before);
    knowledge.believe(belief, await orphansAmong(folders, belief.fleet, ports.registry));
    knowledge.driver = await reachDriver(belief.fleet, ports.driver);
    const keys = before === null ? [] : changedKeys(before.fleet.config, belief.fleet.config);
    const freeze = knowledge.config?.freeze ?? null;
    const isFrozen = paused(freeze, ports.clock.now()) !== null;
    if (this.#standing.tell(belief) || keys.length > 0)
      this.#options.onNews({ keys, freeze: isFrozen ? freeze : null });
    this.#awaitThaw(freeze);
    return this.#affected(before, belief, files);
  }

  async #believe(before: Belief | null): Promise<Belief> {
    const { ports, last } = this.#options;
    const context = { enrolledLast: last.enrolled, configFileLast: last.configFile };
    try {
      const loaded = await ports.fleet.look();
      return believe(loaded, before, { ...context, instant: instantOf(ports.clock) });
    } catch (error) {
      if (error instanceof Fenced || before === null) throw error;
      return believeStill(before, inFull(error));
    }
  }

  #affected(before: Belief | null, { fleet }: Belief, files: ReadonlySet<string>): string[] {
    const { config } = fleet;
    if (before === null || JSON.stringify(before.fleet.config) !== JSON.stringify(config)) {
      if (config.readable) this.#options.onConfig(config.value);
      return this.#options.knowledge.names();
    }
    const touched = [before.fleet, fleet].flatMap(({ manifests, invalid }) =>
      [...manifests, ...invalid].filter(({ file }) => files.has(file)).map(({ name }) => name),
    );
    return [...new Set([...changedRecipes(before.fleet, fleet), ...touched])];
  }

  /** A freeze ends by itself, and nothing else may happen then that would say so. */
  #awaitThaw(freeze: Pause | null): void {
    const { clock } = this.#options.ports;
    this.#cancelThaw();
    const end = paused(freeze, clock.now())?.nextAt ?? null;
    if (end === null) return;
    this.#cancelThaw = clock.alarm(Math.max(0, Date.parse(end) - clock.now().getTime()) + MARGIN_MS, () => {
      if (paused(freeze, clock.now()) === null) this.#options.onNews({ keys: ['freeze'], freeze: null });
      else this.#awaitThaw(freeze);
    });
  }
}

/** Just after the moment, not just before it. */
const MARGIN_MS = 50;

function changedKeys(before: Reading<FleetConfig>, now: Reading<FleetConfig>): string[] {
  if (!before.readable || !now.readable) return [];
  const [one, other] = [Object.entries(before.value), new Map(Object.entries(now.value))];
  return one
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(other.get(key)))
    .map(([key]) => key);
}
