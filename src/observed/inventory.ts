/**
 * The inventory of what is left: everything in the state folder that neither a record nor anybody who is at work
 * accounts for, and what still runs of terms that ended (invariant I8). It removes nothing; what removes goes by the
 * same rules (`state/made.ts`). What does not say that this program made it is listed as somebody else's.
 */
import { join, relative } from 'node:path';
import { describe } from '../reconciler/errors.ts';
import type { CanonicalRecord, Leftover, Reading, TrialRecord } from '../reconciler/model.ts';
import type { Driver } from '../reconciler/ports.ts';
import { RECIPE_ENTRIES, TRIAL_FILE, type Layout } from '../state/layout.ts';
import { abandonedPreparations, PREPARED, readHolder, termsByLife } from '../state/lease.ts';
import {
  entriesIn,
  generationEntries,
  isUnbegunTrial,
  namedBy,
  type Named,
  recipeFolders,
  surplusTrials,
  TRIALS_KEPT,
  unclaimedHomes,
} from '../state/made.ts';
import { staleLocks } from '../state/mirror-locks.ts';
import { requestEntries } from '../state/requests.ts';
import { bytesIn } from './bytes.ts';

export interface InventoryOptions {
  layout: Layout;
  driver: Pick<Driver, 'owned' | 'held'>;
}

/** What is ours and no recipe's. */
const OWN_ENTRIES = ['schema.json', 'passes.json', 'terms', 'ended', 'requests'];

const NOBODY: { living: ReadonlySet<string> } = { living: new Set() };

const NOT_OURS = 'nothing in it says that this program made it';

export async function leftoversOf(
  recipe: string,
  known: { record: CanonicalRecord | null; trials: readonly TrialRecord[]; atWork: boolean },
  { layout, driver }: InventoryOptions,
): Promise<Reading<Leftover[]>> {
  return await reading(`what is left of ${recipe}`, async () => {
    const open = known.trials.filter(({ endedAt }) => endedAt === null);
    // Looked up after the trials were read: the term of each was there before it.
    const { living } = open.length === 0 ? NOBODY : await termsByLife(layout);
    const abandoned = open.filter(({ instance }) => !living.has(instance.term));
    const underWay = open.filter((trial) => !abandoned.includes(trial)).map(({ generation }) => generation);
    const named = namedBy(known.record);
    const accounted = {
      ...named,
      has: (number: number): boolean => named.has(number) || underWay.includes(number),
    };
    const stored = await entriesIn(layout.trials(recipe));
    const surplus = await surplusTrials(layout, recipe, named, stored);
    const accountedFor = new Set([...surplus, ...known.trials.map(({ id }) => id)]);
    const unread = stored.map(({ name }) => name).filter((name) => !accountedFor.has(name));
    return [
      ...(await strangersIn(layout.recipe(recipe), RECIPE_ENTRIES, recipe, layout)),
      ...(await unnamedGenerations(recipe, accounted, layout)),
      ...(await unclaimedData(recipe, accounted, { layout, driver })),
      ...abandoned.map((trial) => abandonedTrial(trial)),
      ...(await oldTrials(recipe, surplus, layout)),
      ...(known.atWork ? [] : await leftByNobody(recipe, unread, layout)),
    ];
  });
}

/** Whether somebody holds the lease, or asks for it. */
export async function isAtWork({ layout }: InventoryOptions): Promise<Reading<boolean>> {
  return await reading('whether anybody is at work', async () => (await termsByLife(layout)).living.size > 0);
}

/** What whoever is at work makes and takes away again; nobody was, so it is nobody's unless somebody has begun since. */
async function leftByNobody(recipe: string, trials: readonly string[], layout: Layout): Promise<Leftover[]> {
  const found = [...(await unwrittenTrials(recipe, trials, layout)), ...(await locksOf(recipe, layout))];
  if (found.length === 0) return [];
  return (await termsByLife(layout)).living.size > 0 ? [] : found;
}

export async function strayLeftovers(options: InventoryOptions): Promise<Reading<Leftover[]>> {
  const { layout } = options;
  return await reading('what is left besides the recipes', async () => {
    const { dead } = await termsByLife(layout);
    const ended = (await entriesIn(layout.ended)).map(({ name }) => join(layout.ended, name));
    const terms = [...dead.map((name) => join(layout.terms, name)), ...ended];
    return [
      ...(await strangersIn(layout.own, OWN_ENTRIES, null, layout)),
      ...(await strangersAmongRecipes(layout)),
      ...(await Promise.all(terms.map((folder) => endedTerm(folder, options)))).flat(),
      ...(await stalePreparations(layout)),
      ...(await strayRequests(layout)),
    ];
  });
}

async function unnamedGenerations(recipe: string, named: Named, layout: Layout): Promise<Leftover[]> {
  const unnamed: Leftover[] = [];
  for (const { path, made } of await generationEntries(layout, recipe, named)) {
    const why =
      made === null ? NOT_OURS : `no record names it: ${made.version}, made by the ${made.driver} driver`;
    const bytes = await bytesIn(path);
    unnamed.push({
      recipe,
      kind: 'generation',
      where: relative(layout.root, path),
      ours: made !== null,
      why,
      bytes,
    });
  }
  return unnamed;
}

/** Volumes that an engine keeps by name, of trials that are over. */
async function unclaimedData(
  recipe: string,
  accounted: Named,
  { layout, driver }: InventoryOptions,
): Promise<Leftover[]> {
  const held = await driver.held(recipe);
  if (!held.readable) throw new Error(held.why);
  const unclaimed = await unclaimedHomes(layout, recipe, accounted, held.value);
  const why = 'of a trial that came to nothing';
  return unclaimed
    .filter(({ owner }) => !accounted.has(owner.generation))
    .flatMap(({ volumes }) =>
      volumes.map((where): Leftover => ({ recipe, kind: 'volume', where, ours: true, why, bytes: null })),
    );
}

function abandonedTrial({ recipe, id }: TrialRecord): Leftover {
  const why = 'open, and whoever ran it is gone; whoever acts next closes it as interrupted';
  return { recipe, kind: 'trial', where: `${recipe}/trials/${id}`, ours: true, why, bytes: null };
}

async function oldTrials(recipe: string, surplus: readonly string[], layout: Layout): Promise<Leftover[]> {
  const why = `${TRIALS_KEPT} newer ones are kept`;
  return await Promise.all(
    surplus.map(async (id): Promise<Leftover> => {
      const bytes = await bytesIn(layout.trial(recipe, id));
      return { recipe, kind: 'trial', where: `${recipe}/trials/${id}`, ours: true, why, bytes };
    }),
  );
}

/** A folder that was made for a trial, before anything was written into it, or whose file is damaged. */
async function unwrittenTrials(
  recipe: string,
  unread: readonly string[],
  layout: Layout,
): Promise<Leftover[]> {
  return await Promise.all(
    unread.map(async (name): Promise<Leftover> => {
      const ours = await isUnbegunTrial(layout, recipe, name);
      const why = ours ? 'made for a trial that never began' : `holds no ${TRIAL_FILE} that can be read`;
      return { recipe, kind: 'trial', where: `${recipe}/trials/${name}`, ours, why, bytes: null };
    }),
  );
}

async function locksOf(recipe: string, layout: Layout): Promise<Leftover[]> {
  const why = 'left by a git that was killed';
  return (await staleLocks(layout.mirror(recipe))).map((path): Leftover => {
    const where = relative(layout.root, path);
    return { recipe, kind: 'mirror-lock', where, ours: true, why, bytes: null };
  });
}

/** A term's folder holds what its holder staged; its mark says what it started. */
async function endedTerm(folder: string, { layout, driver }: InventoryOptions): Promise<Leftover[]> {
  const where = relative(layout.root, folder);
  const mark = (await readHolder(folder))?.mark ?? null;
  const running = mark === null ? [] : await driver.owned(mark, folder);
  const why = 'of a term that did not end cleanly';
  return [
    {
      recipe: null,
      kind: 'term',
      where,
      ours: true,
      why: `${why}: what it staged`,
      bytes: await bytesIn(folder),
    },
    ...running.map((what): Leftover => {
      return { recipe: null, kind: 'process', where: what, ours: true, why, bytes: null };
    }),
  ];
}

async function stalePreparations(layout: Layout): Promise<Leftover[]> {
  return (await abandonedPreparations(layout)).map((folder): Leftover => {
    const why = 'of one that was killed while it asked for the lease';
    return {
      recipe: null,
      kind: 'preparation',
      where: relative(layout.root, folder),
      ours: true,
      why,
      bytes: null,
    };
  });
}

async function strayRequests(layout: Layout): Promise<Leftover[]> {
  return (await requestEntries(layout)).flatMap((entry): Leftover[] => {
    const ours = entry.kind === 'abandoned';
    if (!ours && entry.kind !== 'stranger') return [];
    const why = ours ? 'of one who is gone' : `no request: ${entry.why}`;
    const where = relative(layout.root, entry.path);
    return [{ recipe: null, kind: 'request', where, ours, why, bytes: null }];
  });
}

async function strangersIn(
  folder: string,
  known: readonly string[],
  recipe: string | null,
  layout: Layout,
): Promise<Leftover[]> {
  const names = (await entriesIn(folder)).map(({ name }) => name);
  const strange = names.filter((name) => !known.includes(name) && !name.startsWith(PREPARED));
  return strange.map((name) => stranger(join(folder, name), recipe, layout));
}

async function strangersAmongRecipes(layout: Layout): Promise<Leftover[]> {
  const recipes = await recipeFolders(layout);
  const others = (await entriesIn(layout.root))
    .map(({ name }) => name)
    .filter((name) => !recipes.includes(name));
  return others
    .map((name) => join(layout.root, name))
    .filter((path) => path !== layout.own)
    .map((path) => stranger(path, null, layout));
}

function stranger(path: string, recipe: string | null, layout: Layout): Leftover {
  const why = 'called like nothing that this program makes';
  return { recipe, kind: 'stranger', where: relative(layout.root, path), ours: false, why, bytes: null };
}

async function reading<T>(what: string, read: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { readable: true, value: await read() };
  } catch (error) {
    return { readable: false, why: `cannot tell ${what}: ${describe(error)}` };
  }
}
