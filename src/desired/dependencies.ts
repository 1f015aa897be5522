import { didYouMean } from '../nearest.ts';
import { blame, type Entry } from './entry.ts';
import { excerpt } from './excerpt.ts';

/**
 * Blames every manifest that depends on a recipe nobody knows, or on itself through others. A recipe that is not valid
 * is still declared: its canonical can serve.
 */
export async function refuseDependencies(
  recipes: readonly Entry[],
  knownRecipes: () => Promise<readonly string[]>,
): Promise<void> {
  const declared = new Set(recipes.flatMap(({ name }) => name ?? []));
  const isMissing = ({ name }: { name: string }) => !declared.has(name);
  if (recipes.some((entry) => entry.dependencies.some(isMissing))) {
    for (const name of await knownRecipes()) declared.add(name);
  }
  const edges = edgesOf(recipes);
  for (const entry of recipes) {
    for (const { name, path } of entry.dependencies.filter(isMissing)) {
      blame(entry, path, `no recipe is called ${excerpt(name)}${didYouMean(name, declared)}`);
    }
    blameCycle(entry, edges);
  }
}

type Edges = ReadonlyMap<string, readonly string[]>;

/** A dependency on itself is left out: it is a fault of the one document, and found there. */
function edgesOf(recipes: readonly Entry[]): Edges {
  const edges = new Map<string, string[]>();
  for (const { name, dependencies } of recipes) {
    if (name === null) continue;
    const others = dependencies.map((dependency) => dependency.name).filter((other) => other !== name);
    edges.set(name, [...(edges.get(name) ?? []), ...others]);
  }
  return edges;
}

function blameCycle(entry: Entry, edges: Edges): void {
  if (entry.name === null) return;
  const cycle = shortestCycle(entry.name, edges);
  if (cycle === null) return;
  const first = entry.dependencies.find(({ name }) => name === cycle[1]);
  blame(entry, first?.path ?? [], `the dependencies form a cycle: ${cycle.join(' -> ')}`);
}

/** `[a, b, a]` for the shortest way from a recipe back to itself; null where there is none. */
function shortestCycle(start: string, edges: Edges): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const next of edges.get(at) ?? []) {
      if (next === start) return [start, ...wayTo(at, start, cameFrom), start];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return null;
}

function wayTo(end: string, start: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const way: string[] = [];
  for (let at = end; at !== start; at = cameFrom.get(at) ?? start) way.unshift(at);
  return way;
}
