/**
 * Recipes that are settled: in sync, with nothing to be said of them, and nothing that the mere passing of time could
 * change. Their rows are remembered with what they were derived from, and stand as long as all of that is as it was
 * (docs/decisions/0018). Whatever may look at one of them in full has it looked at after all.
 */
import type { Look } from './look.ts';
import { answerIn, observeLocally, type Observation } from './observe.ts';
import type { CanonicalRecord, Decision, Manifest, Reading, Row, Settled } from './model.ts';
import type { ReadOfRecipe, Registry, SettledRecipes } from './ports.ts';
import type { SyncOutcomes } from './sync-mirrors.ts';
import type { RecipeView } from './view.ts';

interface Judged {
  decision: Decision;
  view: RecipeView;
  row: Row;
}

/** What of a look there is to know before it can be said which recipes are settled. */
interface Looked {
  ports: { settled: SettledRecipes };
  found: Pick<Look, 'view' | 'decisions'>;
  synced: SyncOutcomes;
}

/** What the next pass need not look at again where it is as it is now. `since`: null where nothing can be told from it. */
export async function settledIn(
  { ports, found, synced }: Looked,
  rows: readonly Row[],
  since: Date | null,
): Promise<Map<string, Settled>> {
  const settled = new Map<string, Settled>();
  for (const row of rows) {
    const known = found.view.settled.get(row.recipe)?.known;
    const decision = found.decisions.get(row.recipe);
    const view = found.view.recipes.get(row.recipe);
    if (known !== undefined) settled.set(row.recipe, { ...known, row });
    else if (decision && view && since && !synced.has(row.recipe)) {
      const fresh = await settledBy({ decision, view, row }, ports.settled, since);
      if (fresh !== null) settled.set(row.recipe, fresh);
    }
  }
  return settled;
}

/** What to remember of a recipe that was looked at in full; null where it is not settled. */
async function settledBy(
  { decision, view, row }: Judged,
  settled: SettledRecipes,
  since: Date,
): Promise<Settled | null> {
  const [upstream, mirror] = [answerIn(view.refs), answerIn(view.mirror)];
  const read = readOf(view);
  if (!isAtRest(decision, row) || !isMirrorAtRest(view, row) || upstream === null || read === null)
    return null;
  const trace = await settled.trace(read, since);
  return trace === null ? null : { row, upstream, mirror, trace };
}

/** Nothing is done about it, and nothing said that is said once, or that ends at some time. */
function isAtRest({ decision, plan }: Decision, row: Row): boolean {
  if (decision !== 'in-sync' || plan !== null || row.drift !== null) return false;
  const { nextAt, acted, suspended, suspensionEnded, driftSince, damage, notes, leftovers } = row;
  const times = [nextAt, suspended, suspensionEnded, driftSince];
  return (
    times.every((each) => each === null) && !acted && damage + notes.length === 0 && leftovers?.length === 0
  );
}

function isMirrorAtRest({ manifest, mirror }: RecipeView, row: Row): boolean {
  if (manifest?.mirror == null) return row.mirror === null && mirror === null;
  if (row.mirror === null || answerIn(mirror) === null) return false;
  const { state, reason, due, failingSince, pullRequests } = row.mirror;
  const troubles = [reason, failingSince, pullRequests];
  return state === 'equal' && !due && troubles.every((each) => each === null);
}

/** Null where anything of it cannot be read, waits for something, or may come to hold something back. */
function readOf(view: RecipeView): ReadOfRecipe | null {
  const { manifest, record, generations, memory, trials } = view;
  if (manifest?.enrolled !== true || manifest.suspend !== null) return null;
  if (!record.readable || !generations.readable || !memory.readable || !trials.readable) return null;
  if (record.value === null || !isWhole(record.value, generations.value.length)) return null;
  const { accepted, rebuild, dueSince, holdsFrom } = memory.value;
  const waits =
    [accepted, rebuild, dueSince].some((each) => each !== null) || Object.keys(holdsFrom).length > 0;
  const isUnderWay = trials.value.some(({ endedAt }) => endedAt === null);
  const isDamaged = generations.value.some(({ damage }) => damage.length > 0);
  if (waits || isUnderWay || isDamaged) return null;
  return { record: record.value, generations: generations.value, trials: trials.value };
}

/** One that was adopted names no generation. */
function isWhole({ generation, kept }: CanonicalRecord, found: number): boolean {
  return generation !== null && found === kept.length + 1;
}

/** What is said of a settled recipe now: what was said, and that it was seen again. */
export function rowOfSettled({ row }: Settled, now: Date): Row {
  return { ...row, observedAt: now.toISOString() };
}

/** Looks at a settled recipe in full. */
export async function awaken(
  name: string,
  { view }: Pick<Observation, 'view'>,
  registry: Registry,
  atWork: Reading<boolean>,
): Promise<RecipeView | null> {
  const settled = view.settled.get(name);
  if (settled === undefined) return null;
  const awake = { ...settled.sides, ...(await observeLocally(name, registry, atWork)) };
  view.settled.delete(name);
  view.recipes.set(name, awake);
  return awake;
}

/** Looks in full at all settled recipes that these need, at first or second hand. Says whether there were any. */
export async function awakenNeeds(
  views: readonly RecipeView[],
  found: Pick<Observation, 'view'>,
  registry: Registry,
): Promise<boolean> {
  const before = found.view.settled.size;
  if (before === 0 || views.length === 0) return false;
  const atWork = await registry.atWork();
  const waiting = [...views];
  for (let view = waiting.pop(); view !== undefined; view = waiting.pop()) {
    for (const name of needsOf(view)) {
      const awake = await awaken(name, found, registry, atWork);
      if (awake !== null) waiting.push(awake);
    }
  }
  return found.view.settled.size < before;
}

/** By its manifest, and by those that its generations were promoted with. */
function needsOf({ manifest, generations }: RecipeView): string[] {
  const stored = generations.readable ? generations.value.map((each) => each.manifest) : [];
  return [manifest, ...stored].flatMap(
    (each: Manifest | null) => each?.dependsOn.map(({ name }) => name) ?? [],
  );
}
