/**
 * The registry: what the state folder says of every recipe. Reads only, and never throws. What is asked for by another
 * name than a recipe's can have is nowhere: such a name may be a path that leads out of the state folder.
 */
import { lstatSync } from 'node:fs';
import { describe } from '../reconciler/errors.ts';
import type { Reading } from '../reconciler/model.ts';
import type { Registry } from '../reconciler/ports.ts';
import { RECIPE_NAME } from '../state/layout.ts';
import { observeGenerations, readGeneration, type GenerationReader } from './generations.ts';
import { holdingsOf } from './holdings.ts';
import { isAtWork, leftoversOf, strayLeftovers } from './inventory.ts';
import { emptyMemory, readMemory } from './memory.ts';
import { isRecipeFolder, recipeFolders } from '../state/made.ts';
import { readRecord } from '../state/record.ts';
import { namesIn } from '../state/stored.ts';
import { readTrialFolders, readTrials } from './trials.ts';

export interface RegistryOptions extends GenerationReader {
  /** Told of what is damaged but can be done without. */
  warn: (why: string) => void;
}

export function fileRegistry(options: RegistryOptions): Registry {
  const { layout } = options;
  return {
    folders: () => namesIn(layout.root),
    isStored: (recipe) => isRecipeFolder(layout, recipe),
    recorded: () => recordedRecipes(options),
    tried: async () => {
      try {
        return { readable: true, value: await recipeFolders(layout) };
      } catch (error) {
        return { readable: false, why: `cannot read ${layout.root}: ${describe(error)}` };
      }
    },
    record: async (recipe) =>
      RECIPE_NAME.test(recipe) ? await readRecord(layout.record(recipe), recipe) : nothing(null),
    generations: (record) => observeGenerations(record, options),
    adoptable: (recipe) => options.driver.adoptable(recipe),
    trials: async (recipe, tell) => {
      if (!RECIPE_NAME.test(recipe)) return nothing([]);
      return await readTrials(layout, recipe, (damaged) => {
        options.warn(damaged.why);
        tell?.(damaged);
      });
    },
    trialFolders: (recipe) => readTrialFolders(layout, recipe),
    generation: (recipe, number) => readGeneration(recipe, number, options),
    memory: async (recipe) =>
      RECIPE_NAME.test(recipe) ? await readMemory(layout.memory(recipe)) : nothing(emptyMemory()),
    lastGeneration: (recipe) => lastGeneration(options, recipe),
    atWork: () => isAtWork(options),
    leftovers: (recipe, known) => leftoversOf(recipe, known, options),
    holdings: (recipe) => holdingsOf(recipe, layout),
    strays: () => strayLeftovers(options),
  };
}

function nothing<T>(value: T): Reading<T> {
  return { readable: true, value };
}

/** A record that exists but cannot be read counts: its recipe is not one without a canonical. */
async function recordedRecipes({ layout }: RegistryOptions): Promise<Reading<string[]>> {
  const names = await namesIn(layout.root);
  if (!names.readable) return names;
  const recorded: string[] = [];
  for (const name of names.value.filter((each) => RECIPE_NAME.test(each))) {
    try {
      lstatSync(layout.record(name));
      recorded.push(name);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') recorded.push(name);
    }
  }
  return { readable: true, value: recorded.toSorted() };
}

/** Numbers are never used again, so everything that ever carried one counts: folders, trials and the record. */
async function lastGeneration(options: RegistryOptions, recipe: string): Promise<number> {
  const { layout } = options;
  const folders = await namesIn(layout.generations(recipe));
  const trials = await namesIn(layout.trials(recipe));
  const record = await readRecord(layout.record(recipe), recipe);
  for (const reading of [folders, trials, record]) {
    if (!reading.readable) throw new Error(`cannot number a new generation of ${recipe}: ${reading.why}`);
  }
  const named =
    record.readable && record.value !== null ? [record.value.generation ?? 0, ...record.value.kept] : [];
  const made = folders.readable ? folders.value : [];
  const tried = trials.readable ? trials.value.map((id) => id.slice(id.lastIndexOf('-') + 1)) : [];
  // Whatever else lies there, by a number that this program could not have written, takes no number away.
  const numbers = [...made, ...tried].filter((text) => /^[1-9][0-9]{0,8}$/.test(text)).map(Number);
  return [...named, ...numbers].reduce((most, next) => Math.max(most, next), 0);
}
