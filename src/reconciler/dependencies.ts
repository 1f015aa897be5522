/**
 * Dependencies: which canonicals a trial runs against, and in what order recipes are served.
 *
 * A trial runs against a clone of each dependency's canonical, whatever that one's own drift: suspended, red or
 * orphaned dependencies serve as long as their canonical is intact (design: decisions, dependencies).
 */
import type { Dependency, DependencyPlan, Manifest } from './model.ts';
import type { FleetView, RecipeView } from './view.ts';

export type Closure = { ready: true; plans: DependencyPlan[] } | { ready: false; name: string; why: string };

/** The canonicals that these dependencies need, those of dependencies included, each after what it needs itself. */
export function closureOf(wanted: readonly Dependency[], fleet: FleetView, driver: string): Closure {
  const plans = new Map<string, DependencyPlan>();
  const visit = (dependencies: readonly Dependency[], path: readonly string[]): Closure | null => {
    for (const { name } of dependencies) {
      if (plans.has(name)) continue;
      if (path.includes(name))
        return { ready: false, name, why: `it depends on itself: ${path.join(' -> ')}` };
      const usable = usableCanonical(fleet.recipes.get(name), driver);
      if (typeof usable === 'string') return { ready: false, name, why: usable };
      const missing = visit(usable.manifest.dependsOn, [...path, name]);
      if (missing !== null) return missing;
      plans.set(name, usable);
    }
    return null;
  };
  return visit(wanted, []) ?? { ready: true, plans: [...plans.values()] };
}

/** The plan to clone this canonical, or in words why it cannot serve. */
function usableCanonical(view: RecipeView | undefined, driver: string): DependencyPlan | string {
  if (view === undefined) return 'it is not known here';
  if (!view.record.readable) return `its record cannot be read: ${view.record.why}`;
  const record = view.record.value;
  if (record === null) return 'it has no canonical yet';
  if (!view.generations.readable) return `its volumes cannot be read: ${view.generations.why}`;
  if (record.generation === null) return 'its canonical was adopted without volumes';
  const generation = view.generations.value.find((candidate) => candidate.generation === record.generation);
  const document = generation?.document ?? null;
  if (generation === undefined || document === null) return 'its canonical has lost its generation.json';
  const damage = generation.damage[0];
  if (damage !== undefined) return `its canonical is damaged: ${damage.what} ${damage.kind}`;
  if (document.driver !== driver) return `its canonical was made by the ${document.driver} driver`;
  const manifest = generation.manifest ?? view.manifest;
  if (manifest === null) return 'the manifest that its canonical was promoted with can no longer be read';
  const { folder } = generation;
  const { version, commit, stack, domain, volumes } = document;
  return {
    name: view.recipe,
    generation: generation.generation,
    version,
    commit,
    stack,
    domain,
    volumes,
    folder,
    manifest,
    source: view.manifest ?? manifest,
    driver,
  };
}

/** Everything that a recipe needs, what its dependencies need included: a trial of it runs against all of them. */
export function allNeeds(name: string, manifestOf: (name: string) => Manifest | null): string[] {
  const found = new Set<string>();
  const visit = (each: string): void => {
    for (const dependency of manifestOf(each)?.dependsOn ?? []) {
      if (dependency.name === name || found.has(dependency.name)) continue;
      found.add(dependency.name);
      visit(dependency.name);
    }
  };
  visit(name);
  return sorted([...found]);
}

/** Names so ordered that each comes after everything that it depends on; otherwise by name. */
export function inDependencyOrder(manifests: readonly Manifest[]): string[] {
  const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]));
  const ordered = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const manifest = byName.get(name);
    if (manifest === undefined || ordered.has(name) || path.includes(name)) return;
    for (const dependency of sorted(manifest.dependsOn.map((each) => each.name)))
      visit(dependency, [...path, name]);
    ordered.add(name);
  };
  for (const name of sorted([...byName.keys()])) visit(name, []);
  return [...ordered];
}

function sorted(names: readonly string[]): string[] {
  return names.toSorted((a, b) => (a < b ? -1 : 1));
}
