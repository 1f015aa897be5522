/** The inventory of the whole state folder: what is left of each recipe, and what is no recipe's. */
import type { Leftover, Reading } from './model.ts';
import { observeLeftovers } from './observe.ts';
import type { Registry } from './ports.ts';

export interface Inventory {
  /** Of every recipe that anything is stored of, by name. */
  recipes: ReadonlyMap<string, Reading<readonly Leftover[]>>;
  strays: Reading<readonly Leftover[]>;
}

export async function takeInventory(registry: Registry): Promise<Inventory> {
  const tried = await registry.tried();
  if (!tried.readable) return { recipes: new Map(), strays: tried };
  const atWork = await registry.atWork();
  const recipes = new Map<string, Reading<readonly Leftover[]>>();
  for (const recipe of tried.value) {
    const [record, trials] = [await registry.record(recipe), await registry.trials(recipe)];
    recipes.set(recipe, await observeLeftovers(recipe, registry, { record, trials, atWork }));
  }
  return { recipes, strays: await registry.strays() };
}

/** Everything that could be listed, recipe by recipe. */
export function allLeftovers({ recipes, strays }: Inventory): Leftover[] {
  return [...recipes.values(), strays].flatMap((reading) => (reading.readable ? reading.value : []));
}
