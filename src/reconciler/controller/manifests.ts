/**
 * The manifests as the loop goes by them: read at each round and at each event in their folder, and believed with
 * care (`belief.ts`). Says which recipes are to be looked at because of what changed.
 */
import { believe, believeStill, changedRecipes, type Belief } from '../belief.ts';
import { Fenced, inFull } from '../errors.ts';
import { instantOf } from '../look.ts';
import type { FleetConfig } from '../model.ts';
import { reachDriver, type ObservePorts } from '../observe.ts';
import type { Clock } from '../ports.ts';
import type { Trouble } from './events.ts';
import type { Knowledge } from './knowledge.ts';

export interface ManifestsOptions {
  ports: Pick<ObservePorts, 'fleet' | 'registry' | 'driver'> & { clock: Clock };
  knowledge: Knowledge;
  /** Of the last stored pass: the recipes that were enrolled, and where the Reconciler document stood. */
  last: { enrolled: readonly string[]; configFile: string | null };
  /** The configuration is another one. */
  onConfig: (config: FleetConfig) => void;
  onRead: () => void;
  trouble: (trouble: Omit<Trouble, 'type'>) => void;
}

export class Manifests {
  readonly #options: ManifestsOptions;
  #reading: Promise<unknown> = Promise.resolve();
  /** What was said of them last: the same is not said again. */
  #said = '';

  constructor(options: ManifestsOptions) {
    this.#options = options;
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

  async #read(files: ReadonlySet<string>): Promise<string[]> {
    const { ports, knowledge } = this.#options;
    const before = knowledge.isAnythingBelieved ? knowledge.belief : null;
    const belief = await this.#believe(before);
    const recorded = await ports.registry.recorded();
    knowledge.believe(belief, recorded);
    knowledge.driver = await reachDriver(belief.fleet, ports.driver);
    this.#options.onRead();
    this.#tell(belief);
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

  #tell({ fleet, configKept, vanished, unread }: Belief): void {
    if (unread !== null)
      this.#say({
        level: 'error',
        message: 'the manifests cannot be read; what they said last stands',
        fields: { why: unread },
      });
    else if (configKept !== null)
      this.#say({
        level: 'error',
        message: 'the Reconciler document cannot be used; the last good one stays in force',
        fields: { why: configKept },
      });
    else if (vanished !== null)
      this.#say({
        level: 'error',
        message: 'many manifests vanished at once; their recipes are held until that is confirmed',
        fields: { recipes: vanished.names },
      });
    else if (fleet.problems.length > 0)
      this.#say({ level: 'warn', message: 'some manifests are wrong', fields: { problems: fleet.problems } });
    else this.#said = '';
  }

  #say(trouble: Omit<Trouble, 'type'>): void {
    const text = JSON.stringify(trouble);
    if (text !== this.#said) this.#options.trouble(trouble);
    this.#said = text;
  }
}
