/**
 * What the script that this program replaces left on the engine: it deployed a recipe as the stack `warm-<recipe>`, and kept
 * that stack's volumes. They are copied from, and never changed or removed: they carry no label of ours.
 */
import { TrialFault } from '../../../reconciler/errors.ts';
import type { NewHome } from '../../../reconciler/ports.ts';
import type { Call } from './engine.ts';
import type { Keeper } from './homes.ts';
import { fullName } from './names.ts';
import { makeFolder } from './secrets.ts';

/** Its names are never shortened, as those of our own stacks are. */
const leftName = (recipe: string, volume: string): string => `warm-${recipe}_${volume}`;

/** By the names that the recipe has for them. */
export async function adoptableVolumes(
  { volumes }: Pick<Keeper, 'volumes'>,
  recipe: string,
  call: Call,
): Promise<string[]> {
  return await volumes.unlabelled(leftName(recipe, ''), call);
}

/** The script's own secrets are on the Swarm, which gives none out: the recipe gets new ones. */
export async function adoptVolumes(
  { volumes, helper }: Keeper,
  recipe: string,
  names: readonly string[],
  target: NewHome,
  labels: Readonly<Record<string, string>>,
  call: Call,
): Promise<void> {
  const present = await adoptableVolumes({ volumes }, recipe, call);
  // One that is only named would be made, by the engine.
  const missing = names.find((name) => !present.includes(name));
  if (missing !== undefined) {
    const message = `volume ${leftName(recipe, missing)}, which was to be copied, is no longer there`;
    throw new TrialFault('infra', 'base-missing', message);
  }
  for (const name of names) await volumes.make(target, name, labels, call);
  const pairs = names.map((name) => ({ from: leftName(recipe, name), to: fullName(target.stack, name) }));
  await helper.copy(pairs, call);
  await makeFolder(target.folder);
}
