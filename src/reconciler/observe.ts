/** Reads both sides, through ports: the fleet's manifests, every upstream, the registry and the warm volumes. */
import { mapBounded } from './bounded.ts';
import type { DamagedTrial, Fleet, Manifest, Reading, Settled } from './model.ts';
import type {
  Asking,
  Clock,
  Driver,
  FleetSource,
  Registry,
  RemoteMirrors,
  SettledRecipes,
  Upstream,
} from './ports.ts';
import { orphansAmong } from './orphans.ts';
import { readable, unreadable, type FleetView, type RecipeView, type SettledRecipe } from './view.ts';

export interface ObservePorts {
  fleet: FleetSource;
  upstream: Upstream;
  remoteMirrors: RemoteMirrors;
  registry: Registry;
  driver: Pick<Driver, 'kind' | 'reach'>;
}

export interface Observation {
  fleet: Fleet;
  /** Recipes without a manifest of which something is stored. */
  orphans: Reading<readonly string[]>;
  view: FleetView & { recipes: Map<string, RecipeView>; settled: Map<string, SettledRecipe> };
}

/** While the configuration cannot be read, upstreams are asked with as little haste as by default. */
const DEFAULT_CONCURRENCY = 16;

/** What of a recipe is known from earlier passes need not be read again where it is as it was. */
export interface Recalling {
  settled: SettledRecipes;
  clock: Clock;
}

/**
 * One look at everything. `asked`: the recipes whose upstream is asked, besides all where none are named. `recalling`: with
 * it those that are settled are told apart; without it every recipe is looked at in full.
 */
export async function observeFleet(
  ports: ObservePorts,
  asked: readonly string[],
  signal: AbortSignal,
  recalling?: Recalling,
): Promise<Observation> {
  const folders = await ports.registry.folders();
  const fleet = await ports.fleet.look();
  const orphans = await orphansAmong(folders, fleet, ports.registry);
  const atWork = await ports.registry.atWork();
  const driver = await reachDriver(fleet, ports.driver);
  const recalled = driver.readable
    ? await recalling?.settled.recall(fleet, recalling.clock.now())
    : undefined;
  const recipes = new Map<string, RecipeView>();
  const settled = new Map<string, SettledRecipe>();
  const concurrency = fleet.config.readable ? fleet.config.value.concurrency.observe : DEFAULT_CONCURRENCY;
  const manifests = new Map(fleet.manifests.map((manifest) => [manifest.name, manifest]));
  const invalid = new Map(fleet.invalid.map((each) => [each.name, each]));
  const wanted = (name: string): boolean => asked.length === 0 || asked.includes(name);
  // All at once: whose turn it is to be asked is decided by hosts, and one that hangs holds nobody up.
  const remotes = new Map(
    fleet.manifests
      .filter(({ name, enrolled }) => enrolled && wanted(name))
      .map((manifest) => {
        const asking = { signal, concurrency };
        return [manifest.name, observeRemotely(manifest, ports, asking, recalled?.get(manifest.name))];
      }),
  );
  const names = namesOf(fleet, orphans);
  const local = await mapBounded(names, concurrency, async (name) => {
    const known = recalled?.get(name);
    const isUnchanged =
      known !== undefined &&
      atWork.readable &&
      (await recalling?.settled.isUnchanged(name, known.trace, atWork.value)) === true;
    return isUnchanged ? known : await observeLocally(name, ports.registry, atWork);
  });
  for (const [index, name] of names.entries()) {
    const { refs, mirror } = (await remotes.get(name)) ?? { refs: null, mirror: null };
    signal.throwIfAborted();
    const found = local[index];
    if (found === undefined) continue;
    const [manifest, faults] = [manifests.get(name) ?? null, invalid.get(name) ?? null];
    const sides = { recipe: name, manifest, invalid: faults, refs, mirror };
    if (!('row' in found))
      recipes.set(name, { ...sides, ...found, ...(await observeHoldings(sides, found, ports.registry)) });
    else if (answersAre(found, sides)) settled.set(name, { known: found, sides });
    else recipes.set(name, { ...sides, ...(await observeLocally(name, ports.registry, atWork)) });
  }
  const view = {
    config: fleet.config,
    driver,
    unreadableFiles: fleet.invalid.map(({ file }) => file),
    recipes,
    settled,
    disk: { allocatedBytes: allocated(recipes, settled), reservedBytes: 0 },
    window: { open: true } as const,
  };
  return { fleet, orphans, view };
}

type RemoteView = Pick<RecipeView, 'refs' | 'mirror'>;

/** Upstream says what the mirror should hold: so it is asked first. */
export async function observeRemotely(
  manifest: Manifest,
  { upstream, remoteMirrors }: Pick<ObservePorts, 'upstream' | 'remoteMirrors'>,
  asking: Asking,
  known?: Settled,
): Promise<RemoteView> {
  const refs = await upstream.refs(manifest, knowing(known?.upstream ?? null, asking));
  if (manifest.mirror === null || !refs.readable) return { refs, mirror: null };
  const branch = refs.value.branch?.name ?? null;
  return { refs, mirror: await remoteMirrors.refs(manifest, branch, knowing(known?.mirror ?? null, asking)) };
}

function knowing(answer: string | null, asking: Asking): Asking {
  return answer === null ? asking : { ...asking, known: answer };
}

/** Did upstream, and the team's mirror, answer what they answered when this was remembered? */
function answersAre({ upstream, mirror }: Settled, found: RemoteView): boolean {
  return answerIn(found.refs) === upstream && answerIn(found.mirror) === mirror;
}

/** Null where nobody was asked, or no answer can be told from another. */
export function answerIn(refs: RemoteView['refs']): string | null {
  return refs?.readable === true ? (refs.value.answer ?? null) : null;
}

export type LocalView = Pick<
  RecipeView,
  'record' | 'generations' | 'adoptable' | 'memory' | 'trials' | 'damagedTrials' | 'leftovers'
>;

/** What the registry knows of a recipe, and how its volumes are now. */
export async function observeLocally(
  recipe: string,
  registry: Registry,
  atWork: Reading<boolean>,
): Promise<LocalView> {
  const damagedTrials: DamagedTrial[] = [];
  const [record, memory, trials] = await Promise.all([
    registry.record(recipe),
    registry.memory(recipe),
    registry.trials(recipe, (damaged) => damagedTrials.push(damaged)),
  ]);
  const generations =
    record.readable && record.value !== null ? await registry.generations(record.value) : readable([]);
  const isAdopted = record.readable && record.value !== null && record.value.generation === null;
  const adoptable = isAdopted ? await registry.adoptable(recipe) : readable([]);
  const leftovers = await observeLeftovers(recipe, registry, { record, trials, atWork });
  return { record, memory, trials, damagedTrials, generations, adoptable, leftovers };
}

/** Nothing else says what there is of an orphan without a canonical; of others it would be much to walk through. */
export async function observeHoldings(
  { recipe, manifest, invalid }: Pick<RecipeView, 'recipe' | 'manifest' | 'invalid'>,
  { record }: Pick<LocalView, 'record'>,
  registry: Registry,
): Promise<Pick<RecipeView, 'holdings'>> {
  const isOrphan = manifest === null && invalid === null;
  if (!isOrphan || !record.readable || record.value !== null) return {};
  return { holdings: await registry.holdings(recipe) };
}

/** Where it cannot be read what is named, nobody can say what is not (invariant I7). */
export async function observeLeftovers(
  recipe: string,
  registry: Registry,
  { record, trials, atWork }: Pick<LocalView, 'record' | 'trials'> & { atWork: Reading<boolean> },
): Promise<LocalView['leftovers']> {
  if (!record.readable) return record;
  if (!trials.readable) return trials;
  if (!atWork.readable) return atWork;
  const known = { record: record.value, trials: trials.value, atWork: atWork.value };
  return await registry.leftovers(recipe, known);
}

function namesOf(fleet: Fleet, orphans: Reading<readonly string[]>): string[] {
  const names = new Set([...fleet.manifests, ...fleet.invalid].map(({ name }) => name));
  for (const name of orphans.readable ? orphans.value : []) names.add(name);
  return [...names].toSorted();
}

export async function reachDriver(
  fleet: Pick<Fleet, 'config'>,
  driver: ObservePorts['driver'],
): Promise<Reading<null>> {
  const wanted = fleet.config.readable ? fleet.config.value.driver : driver.kind;
  if (wanted !== driver.kind)
    return unreadable(`the ${wanted} driver is configured, and this program has none`);
  return await driver.reach();
}

/** Of every generation, of orphans and left over ones too; nothing is left over of what is settled. */
export function allocated(
  recipes: ReadonlyMap<string, RecipeView>,
  settled: ReadonlyMap<string, SettledRecipe> = new Map(),
): number {
  let total = 0;
  for (const { known } of settled.values()) total += known.row.allocatedBytes;
  for (const view of recipes.values()) total += allocatedBy(view);
  return total;
}

export function allocatedBy({ generations, leftovers }: LocalView): number {
  let total = 0;
  for (const { allocatedBytes } of generations.readable ? generations.value : []) total += allocatedBytes;
  const left = leftovers.readable ? leftovers.value : [];
  for (const { kind, bytes } of left) if (kind === 'generation') total += bytes ?? 0;
  return total;
}
