/** Reads one recipe's both sides, as `observe.ts` reads those of all. */
import { AT_WORK } from '../at-work.ts';
import type { Asking } from '../ports.ts';
import { observeHoldings, observeLocally, observeRemotely, type ObservePorts } from '../observe.ts';
import type { RecipeView } from '../view.ts';
import type { Knowledge } from './knowledge.ts';
import { LOOKS_AT_ONCE } from './queues.ts';

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
  // Looks that wait step aside, so there may be more of them than are to be asked at a time.
  const concurrency = knowledge.config?.concurrency.observe ?? LOOKS_AT_ONCE;
  const asking: Asking = { signal, concurrency };
  const [remote, local] = await Promise.all([
    manifest?.enrolled === true ? observeRemotely(manifest, ports, asking) : { refs: null, mirror: null },
    observeLocally(recipe, ports.registry, AT_WORK),
  ]);
  signal.throwIfAborted();
  const sides = { recipe, manifest, invalid: faulty, ...remote };
  if (manifest === null && faulty === null && !(await ports.registry.isStored(recipe))) return null;
  return { ...sides, ...local, ...(await observeHoldings(sides, local, ports.registry)) };
}
