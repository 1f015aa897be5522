/** Everything that is stored of one recipe: what `forget` would remove, and what it would leave alone. */
import { join, relative } from 'node:path';
import { describe } from '../reconciler/errors.ts';
import type { Holding, Reading } from '../reconciler/model.ts';
import { RECIPE_ENTRIES, type Layout } from '../state/layout.ts';
import { entriesIn, generationEntries, isOurTrial } from '../state/made.ts';
import { bytesIn } from './bytes.ts';

const NOT_OURS = 'nothing in it says that this program made it';

export async function holdingsOf(recipe: string, layout: Layout): Promise<Reading<Holding[]>> {
  try {
    const entries = await entriesIn(layout.recipe(recipe));
    const inside = entries.filter(({ name }) => !['generations', 'trials'].includes(name));
    const holdings = await Promise.all(inside.map(({ name }) => ofEntry(recipe, name, layout)));
    const [generations, trials] = [await generationsOf(recipe, layout), await trialsOf(recipe, layout)];
    return { readable: true, value: [...holdings, ...generations, ...trials] };
  } catch (error) {
    return { readable: false, why: `cannot tell what is stored of ${recipe}: ${describe(error)}` };
  }
}

const WHAT: Readonly<Record<string, string>> = {
  'canonical.json': 'the record',
  'status.json': 'what is remembered of it',
  'mirror.git': 'the mirror of its upstream',
};

async function ofEntry(recipe: string, name: string, layout: Layout): Promise<Holding> {
  const path = join(layout.recipe(recipe), name);
  const ours = RECIPE_ENTRIES.includes(name);
  const what = WHAT[name] ?? 'called like nothing that this program makes';
  return { where: relative(layout.root, path), what, ours, bytes: await bytesIn(path) };
}

async function generationsOf(recipe: string, layout: Layout): Promise<Holding[]> {
  const entries = await generationEntries(layout, recipe);
  return await Promise.all(
    entries.map(async ({ path, made }): Promise<Holding> => {
      const what = made === null ? NOT_OURS : `a generation of ${made.version}`;
      return { where: relative(layout.root, path), what, ours: made !== null, bytes: await bytesIn(path) };
    }),
  );
}

async function trialsOf(recipe: string, layout: Layout): Promise<Holding[]> {
  const entries = await entriesIn(layout.trials(recipe));
  return await Promise.all(
    entries.map(async ({ name }): Promise<Holding> => {
      const path = layout.trial(recipe, name);
      const ours = await isOurTrial(layout, recipe, name);
      const what = ours ? 'a trial and its logs' : NOT_OURS;
      return { where: relative(layout.root, path), what, ours, bytes: await bytesIn(path) };
    }),
  );
}
