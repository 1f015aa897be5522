/** Reads one recipe's both sides, as `observe.ts` reads those of all. */
import { AT_WORK } from '../at-work.ts';
import type { Asking } from '../ports.ts';
import { observeLocally, observeRemotely, type ObservePorts } from '../observe.ts';
import type { RecipeView } from '../view.ts';
import type { Knowledge } from './knowledge.ts';

/** Null where nothing has its name any more. */
export async function observeOne(
  recipe: string,
  knowledge: Knowledge,
  ports: ObservePorts,
  signal: AbortSignal,
): Promise<RecipeView | null> {
  const { manifests, invalid } = knowledge.belief.fleet;
  const manifest = manifests.find(({ name }) => name === recipe) ?? null;
  const faulty = invalid.find(({ name }) => name === recipe) ?? null;
  // Whose turn it is to be asked is decided by hosts; how many looks there are at a time, by the queue.
  const asking: Asking = { signal, concurrency: Number.POSITIVE_INFINITY };
  const [remote, local] = await Promise.all([
    manifest?.enrolled === true ? observeRemotely(manifest, ports, asking) : { refs: null, mirror: null },
    observeLocally(recipe, ports.registry, AT_WORK),
  ]);
  signal.throwIfAborted();
  const isNothing =
    manifest === null && faulty === null && local.record.readable && local.record.value === null;
  return isNothing ? null : { recipe, manifest, invalid: faulty, ...remote, ...local };
}
