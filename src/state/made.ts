/**
 * What lies in the recipes' folders and says of itself that this program made it. The inventory lists by these rules
 * and tidying removes by them, so that nothing is ever removed that could not have been listed, and nothing that
 * does not say whose it is (invariant I8).
 */
import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { HeldHome } from '../reconciler/ports.ts';
import { GENERATION_FILE, RECIPE_ENTRIES, RECIPE_NAME, TRIAL_FILE, type Layout } from './layout.ts';
import { readRegularFile } from './stored.ts';
import { isMissing } from './term.ts';
import { giveTurn } from '../turns.ts';

/** Trials that stay, besides those that a named generation came from. */
export const TRIALS_KEPT = 20;

/** What of a `generation.json` says that its folder is ours to remove. */
const Made = z.object({
  recipe: z.string(),
  generation: z.number(),
  version: z.string(),
  stack: z.string(),
  driver: z.string(),
});
type Made = z.infer<typeof Made>;

/** Whatever else lies beside them is somebody else's. */
export async function recipeFolders(layout: Layout): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of await entriesIn(layout.root))
    if (await isRecipeFolder(layout, name)) found.push(name);
  return found.toSorted();
}

/**
 * A folder in which something is called like what a recipe has. One that cannot be looked into counts: it may hold a recipe,
 * and whoever reads it says that it cannot (invariant I7). It may be a link to where there is more room.
 */
export async function isRecipeFolder(layout: Layout, name: string): Promise<boolean> {
  if (!RECIPE_NAME.test(name)) return false;
  try {
    const inside = await entriesIn(layout.recipe(name));
    return inside.some((entry) => RECIPE_ENTRIES.includes(entry.name));
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOTDIR');
  }
}

interface GenerationEntry {
  name: string;
  path: string;
  /** Null where nothing in it says that this program made it as what it is called. */
  made: Made | null;
}

/** Whatever lies where generations do, but for those with these numbers. */
export async function generationEntries(
  layout: Layout,
  recipe: string,
  except: Named = namedBy(null),
): Promise<GenerationEntry[]> {
  const entries: GenerationEntry[] = [];
  for (const entry of await entriesIn(layout.generations(recipe))) {
    if (except.has(Number(entry.name))) continue;
    const path = join(layout.generations(recipe), entry.name);
    const stamp = entry.isDirectory() ? await readJson(join(path, GENERATION_FILE)) : null;
    const made = Made.safeParse(stamp).data ?? null;
    const fits = made?.recipe === recipe && String(made.generation) === entry.name;
    if (fits && except.allOfOurs) continue;
    entries.push({ name: entry.name, path, made: fits ? made : null });
  }
  return entries;
}

/**
 * Data that an engine keeps by name and that is no generation's: what is left of trials. What belongs to one that lies here
 * goes with it; and so long as a generation is named whose folder is gone or damaged, nobody can say what belongs to it.
 */
export async function unclaimedHomes(
  layout: Layout,
  recipe: string,
  named: Named,
  held: readonly HeldHome[],
): Promise<HeldHome[]> {
  if (held.length === 0) return [];
  const entries = new Map((await generationEntries(layout, recipe)).map((entry) => [entry.name, entry]));
  return held.filter(({ stack, owner }) => {
    const entry = entries.get(String(owner.generation));
    if (entry === undefined) return !named.has(owner.generation);
    return entry.made !== null && entry.made.stack !== stack;
  });
}

/**
 * The generations that a record names. An adopted record tells nothing of generations: which of those that this program
 * made it means nobody can say, so it counts as naming each of them.
 */
export function namedBy(record: { generation: number | null; kept: readonly number[] } | null): Named {
  if (record === null) return { has: () => false, allOfOurs: false };
  const numbers = new Set([record.generation, ...record.kept]);
  return { has: (number) => numbers.has(number), allOfOurs: record.generation === null };
}

export interface Named {
  has(generation: number): boolean;
  allOfOurs: boolean;
}

/** Of what lies among the trials: those older than as many as stay, that no named generation came from; oldest last. */
export async function surplusTrials(
  layout: Layout,
  recipe: string,
  named: Named,
  stored: readonly Dirent[],
): Promise<string[]> {
  const numbered = stored
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ id: name, number: numberOf(name) }))
    .filter(({ number }) => Number.isSafeInteger(number))
    .toSorted((a, b) => b.number - a.number);
  const surplus: string[] = [];
  for (const { id, number } of numbered.slice(TRIALS_KEPT)) {
    const stamp = named.has(number) ? null : await readJson(join(layout.trial(recipe, id), TRIAL_FILE));
    if (stamp !== null) surplus.push(id);
  }
  return surplus;
}

/** A folder that this program made for a trial: called like one, and with nothing in it but what a trial has. */
export async function isOurTrial(layout: Layout, recipe: string, name: string): Promise<boolean> {
  const [, named] = /^\d{8}T\d{6}Z-(.+)-\d+$/.exec(name) ?? [];
  const folder = layout.trial(recipe, name);
  if (named !== recipe || !lstatSync(folder).isDirectory()) return false;
  return (await entriesIn(folder)).every((entry) => entry.name === TRIAL_FILE || entry.name.endsWith('.log'));
}

/** One that a kill left before anything was written into it: removing an empty folder takes nothing from anybody. */
export async function isUnbegunTrial(layout: Layout, recipe: string, name: string): Promise<boolean> {
  return (
    (await isOurTrial(layout, recipe, name)) && (await entriesIn(layout.trial(recipe, name))).length === 0
  );
}

/** The generation number that a trial reserved is the end of its id; no number where it is called otherwise. */
export function numberOf(trialId: string): number {
  return Number(trialId.slice(trialId.lastIndexOf('-') + 1));
}

/** What lies in a folder; nothing where there is no such folder. */
export async function entriesIn(folder: string): Promise<Dirent[]> {
  try {
    await giveTurn();
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Null where it is absent or not JSON: either way nothing that may be removed on its word. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readRegularFile(path));
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}
