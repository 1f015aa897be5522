/**
 * One look at the fleet: both sides observed, every recipe decided, nothing changed. `plan` is a look; a pass begins
 * with one, so that what is planned and what is acted on can not differ.
 */
import { decide } from './decide.ts';
import { allNeeds } from './dependencies.ts';
import { CannotRun } from './errors.ts';
import type { Decision, Instant } from './model.ts';
import { observeFleet, type Observation, type ObservePorts } from './observe.ts';
import type { Clock, SettledRecipes } from './ports.ts';
import { diskOf, freezeOf, reportOf, rowOf, type Report } from './report.ts';
import { awakenNeeds, rowOfSettled } from './settled.ts';
import type { DecideContext, FleetView } from './view.ts';

export interface LookPorts extends ObservePorts {
  clock: Clock;
  settled: SettledRecipes;
  digest: DecideContext['digest'];
  program: DecideContext['program'];
}

export interface Look extends Observation, Instant {
  /** The recipes asked for; all where none were. */
  scope: readonly string[];
  /** Of all in scope but those that are settled. */
  decisions: Map<string, Decision>;
  /** Why nothing can be done at all; null where something can. */
  error: string | null;
}

export interface LookOptions {
  retryFailed: boolean;
  /** Whether recipes that are settled are told apart, in a look at all; otherwise each is looked at in full. */
  recalls?: boolean;
}

export async function look(
  ports: LookPorts,
  only: readonly string[],
  options: LookOptions,
  signal: AbortSignal,
): Promise<Look> {
  const recalls = options.recalls === true && only.length === 0;
  const observation = await observeFleet(ports, only, signal, recalls ? ports : undefined);
  const instant = instantOf(ports.clock);
  const { view } = observation;
  const context = contextOf(ports, instant, () => options.retryFailed);
  const scope =
    only.length === 0
      ? [...view.recipes.keys(), ...view.settled.keys()].toSorted()
      : [...new Set(only)].toSorted();
  const stranger = scope.find((name) => !view.recipes.has(name) && !view.settled.has(name));
  if (stranger !== undefined) {
    throw new CannotRun(
      `no recipe is called "${stranger}": no manifest names it, and nothing of it is stored`,
    );
  }
  const decideAll = (): Map<string, Decision> => {
    const known = scope.flatMap((name) => view.recipes.get(name) ?? []);
    return new Map(known.map((recipe) => [recipe.recipe, decide(recipe, view, context)]));
  };
  const decisions = await withNeeds(decideAll, observation, ports);
  return { ...observation, ...instant, scope, decisions, error: whyNothingCanBeDone(observation) };
}

/** What a recipe that drifted needs may be settled: then it is looked at, and decided once more. */
async function withNeeds(
  decideAll: () => Map<string, Decision>,
  { view }: Observation,
  { registry }: ObservePorts,
): Promise<Map<string, Decision>> {
  const decisions = decideAll();
  const drifted = [...decisions.values()].filter(({ drift }) => drift !== null);
  const views = drifted.flatMap(({ recipe }) => view.recipes.get(recipe) ?? []);
  return (await awakenNeeds(views, { view }, registry)) ? decideAll() : decisions;
}

export function instantOf(clock: Clock): Instant {
  return { now: clock.now(), uptime: clock.uptime() };
}

export function contextOf(
  { digest, program }: Pick<LookPorts, 'digest' | 'program'>,
  instant: Instant,
  ignoreHolds: DecideContext['ignoreHolds'],
): DecideContext {
  return { ...instant, program, digest, ignoreHolds };
}

export function planReport(found: Look, program: LookPorts['program']): Report {
  const rows = [...found.decisions.values()].flatMap((decision) => {
    const view = found.view.recipes.get(decision.recipe);
    if (view === undefined) return [];
    return [rowOf(decision, view, { after: goesAfter(decision.recipe, found), acted: null, now: found.now })];
  });
  const { now, view, error } = found;
  const settled = [...view.settled.values()].map(({ known }) => rowOfSettled(known, now));
  return reportOf([...rows, ...settled], {
    kind: 'Plan',
    observedAt: now.toISOString(),
    program,
    disk: diskOf(view),
    freeze: freezeOf(view),
    error,
  });
}

/** A fleet of which something was decided. */
export interface Decided {
  view: Pick<FleetView, 'recipes'>;
  decisions: ReadonlyMap<string, Decision>;
}

/** What a recipe needs, at first or second hand, that is acted on in the same pass, and so before it. */
export function goesAfter(recipe: string, found: Decided): string[] {
  if (!isServed(recipe, found)) return [];
  return needsOf(recipe, found).filter((name) => isServed(name, found));
}

/** Acted on now, or as soon as a dependency that is acted on has become ready. */
export function isServed(recipe: string, found: Decided): boolean {
  const decision = found.decisions.get(recipe);
  if (decision === undefined) return false;
  if (decision.plan !== null) return true;
  if (decision.reason !== 'dependency-not-ready') return false;
  return needsOf(recipe, found).some((name) => (found.decisions.get(name)?.plan ?? null) !== null);
}

export function needsOf(recipe: string, { view }: Pick<Decided, 'view'>): string[] {
  return allNeeds(recipe, (name) => view.recipes.get(name)?.manifest ?? null);
}

/** Loud emptiness (invariant I6): nothing to evaluate is an error, never a success. */
export function whyNothingCanBeDone({
  fleet,
  orphans,
}: Pick<Observation, 'fleet' | 'orphans'>): string | null {
  // What cannot be listed is not absent: whoever has a record without a manifest would not be seen (invariant I7).
  if (!orphans.readable) return `the state folder cannot be used: ${orphans.why}`;
  if (!fleet.config.readable) return `the Reconciler document cannot be used: ${fleet.config.why}`;
  if (fleet.manifests.length === 0) {
    const [first] = fleet.problems;
    if (first === undefined) return 'no manifest was found: add one, as docs/manifest.md shows';
    return `no manifest is valid: ${first.file}:${first.line}:${first.column}: ${first.message}`;
  }
  if (!fleet.manifests.some(({ enrolled }) => enrolled))
    return 'no recipe is enrolled: every manifest says "enrolled: false"';
  return null;
}
