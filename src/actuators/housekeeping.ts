/**
 * Removing what is left, and recipes that nobody wants any more. Everything goes through the term, in an order that
 * makes a kill at any moment harmless: what is not removed yet is a leftover, and is found again.
 */
import { rmdir } from 'node:fs/promises';
import type { Housekeeping, Work } from '../reconciler/ports.ts';
import { entriesIn, generationEntries, isOurTrial, recipeFolders, isUnbegunTrial } from '../state/made.ts';
import { recover, recoverRecipe, type RecoveryPorts } from './recovery.ts';

export interface HousekeepingPorts extends RecoveryPorts {
  /** Told of everything that is removed, and of what is not: whoever asked is told by the inventory. */
  info: (fields: object, message: string) => void;
}

export function fileHousekeeping(ports: HousekeepingPorts): Housekeeping {
  return {
    collect: async () => {
      await recover(ports);
      for (const recipe of await recipeFolders(ports.layout)) await collectOf(recipe, ports);
    },
    forget: (recipe) => forget(recipe, ports),
  };
}

/** Of a recipe whose record or trials cannot be read, nobody can say what is left over (invariant I7). */
async function collectOf(recipe: string, ports: HousekeepingPorts): Promise<void> {
  const { layout, term, registry } = ports;
  const [record, trials] = [await registry.record(recipe), await registry.trials(recipe)];
  if (!record.readable || !trials.readable) return;
  for (const { name } of await entriesIn(layout.trials(recipe))) {
    if (await isUnbegunTrial(layout, recipe, name)) await term.discard(layout.trial(recipe, name));
  }
  await recoverRecipe(recipe, { ...ports, warn: ports.info });
}

/**
 * The record first: from then on nothing claims to be known-good, and the rest is what no record names. Nothing that
 * does not say that this program made it is removed, and so the recipe's folder stays where such a thing lies in it.
 */
async function forget(recipe: string, ports: HousekeepingPorts): Promise<void> {
  const { layout, term, driver, promotion } = ports;
  await term.discard(layout.record(recipe));
  for (const { path, made } of await generationEntries(layout, recipe)) {
    if (made === null) continue;
    if (made.driver === driver.kind) await driver.remove({ stack: made.stack, folder: path }, workOf(ports));
    await term.discard(path);
  }
  // Without a record nothing of it is anybody's.
  await promotion.tidy(recipe, null, workOf(ports));
  for (const { name } of await entriesIn(layout.trials(recipe))) {
    if (await isOurTrial(layout, recipe, name)) await term.discard(layout.trial(recipe, name));
  }
  await term.discard(layout.mirror(recipe));
  await term.discard(layout.memory(recipe));
  for (const folder of [layout.generations(recipe), layout.trials(recipe), layout.recipe(recipe)]) {
    await term.assertHeld();
    // Not empty: something in it is somebody else's.
    await rmdir(folder).catch(() => undefined);
  }
}

function workOf({ term, info }: HousekeepingPorts): Work {
  const note = (what: string): void => info({ what }, 'forgotten');
  const log = { note, output: () => undefined, conceal: () => undefined };
  return { signal: term.lost, log, mark: term.mark };
}
