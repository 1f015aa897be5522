/** All files together: what no document can tell by itself, and the fleet that comes of it, but for command files. */
import type { FleetConfig, InvalidManifest, Manifest, Reading } from '../reconciler/model.ts';
import { loginFor, loginOfMirror } from './credentials.ts';
import { refuseDependencies } from './dependencies.ts';
import { blame, judgeFile, type Entry } from './entry.ts';
import { defaultFleetConfig } from './fleet-config.ts';
import type { ReadFleet } from './fleet-memory.ts';
import { compareText, formatProblem, placeInFile, sortProblems } from './problems.ts';
import { resolveDomain } from './reconciler-schema.ts';
import type { SourceFile } from './source-file.ts';
import { comparable } from './upstream-url.ts';

export async function assembleFleet(
  files: readonly SourceFile[],
  knownRecipes: () => Promise<readonly string[]>,
  knownConfigFile: () => Promise<string | null> = () => Promise.resolve(null),
): Promise<ReadFleet> {
  const entries = files.toSorted((a, b) => compareText(a.file, b.file)).flatMap(judgeFile);
  const recipes = entries.filter((entry) => entry.kind === 'Recipe');
  const reconcilers = entries.filter((entry) => entry.kind === 'Reconciler');

  refuseRepeated(reconcilers, [], 'there can be one Reconciler document only');
  refuseDuplicateNames(recipes);
  refuseSharedMirrors(recipes);
  const gone = reconcilers.length > 0 ? null : await configOutOfReach(files, knownConfigFile);
  const config: Reading<FleetConfig> =
    gone === null ? settleConfig(reconcilers) : { readable: false, why: gone.why };
  if (config.readable) refuseReservedDomains(recipes, config.value);
  await refuseDependencies(recipes, knownRecipes);

  return {
    manifests: withLogins(validManifests(recipes), config),
    invalid: invalidManifests(recipes),
    config,
    configFile: reconcilers[0]?.source.label ?? gone?.file ?? null,
    problems: sortProblems(entries.flatMap((entry) => entry.problems)),
  };
}

/** How many of the other places are named; a file may hold thousands. */
const PLACES_NAMED = 3;

/** Blames each of several for the others. */
function refuseRepeated(entries: readonly Entry[], path: readonly string[], what: string): void {
  if (entries.length < 2) return;
  for (const entry of entries) {
    const others = entries.slice(0, PLACES_NAMED + 1).filter((other) => other !== entry);
    const places = others
      .slice(0, PLACES_NAMED)
      .map((other) => placeInFile({ file: other.source.file, ...other.place(path) }));
    blame(entry, path, `${what}; another is at ${places.join(', ')}`);
  }
}

/** A name read from a broken file stands back behind a good one: one bad file never stops the other recipes. */
function refuseDuplicateNames(recipes: readonly Entry[]): void {
  const byName = grouped(recipes, (entry) => entry.name);
  for (const [name, sharing] of byName) {
    if (name === null) continue;
    const sound = sharing.filter((entry) => entry.sound);
    if (sound.length > 0) for (const entry of sharing) if (!entry.sound) entry.name = null;
    refuseRepeated(sound, ['metadata', 'name'], `the name "${name}" is used more than once`);
  }
}

/** Each would force its own upstream onto it, over what the others pushed, at every look. */
function refuseSharedMirrors(recipes: readonly Entry[]): void {
  const byMirror = grouped(recipes, ({ manifest }) =>
    manifest === null || manifest.mirror === null ? null : comparable(manifest.mirror.url),
  );
  for (const [mirror, sharing] of byMirror) {
    if (mirror === null) continue;
    refuseRepeated(sharing, ['spec', 'mirror', 'url'], 'it is the mirror of more than one recipe');
  }
}

/**
 * The file that held the Reconciler document, and can no longer be read, may well hold it still: acting on defaults in its
 * place could end a freeze, or mean another driver (invariant I7). Null where that is not so.
 */
async function configOutOfReach(
  files: readonly SourceFile[],
  knownConfigFile: () => Promise<string | null>,
): Promise<{ file: string; why: string } | null> {
  const unreadable = files.filter(({ text }) => text === null);
  const file = unreadable.length === 0 ? null : await knownConfigFile();
  if (file === null) return null;
  const source = unreadable.find(({ label }) => label === file || file.startsWith(`${label}/`));
  const [problem] = source?.problems ?? [];
  if (problem === undefined) return null;
  return { file, why: `${file} held the Reconciler document: ${formatProblem(problem)}` };
}

function settleConfig(reconcilers: readonly Entry[]): Reading<FleetConfig> {
  const problems = sortProblems(reconcilers.flatMap((entry) => entry.problems));
  const [first] = problems;
  if (first !== undefined) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    return { readable: false, why: `${formatProblem(first)}${more}` };
  }
  return { readable: true, value: reconcilers[0]?.config ?? defaultFleetConfig() };
}

function refuseReservedDomains(recipes: readonly Entry[], config: FleetConfig): void {
  const reserved = new Set(config.reservedDomains);
  for (const entry of recipes) {
    if (entry.name === null) continue;
    const domain = resolveDomain(config.domainTemplate, { recipe: entry.name, domain: config.domain });
    if (!reserved.has(domain)) continue;
    blame(entry, ['metadata', 'name'], `its domain ${domain} is reserved by the Reconciler document`);
  }
}

function withLogins(manifests: readonly Manifest[], config: Reading<FleetConfig>): readonly Manifest[] {
  const credentials = config.readable ? config.value.credentials : [];
  return manifests.map((manifest) => {
    const { upstream, mirror } = manifest;
    return {
      ...manifest,
      login: loginFor(upstream, credentials),
      mirror: mirror === null ? null : { ...mirror, login: loginOfMirror(mirror, credentials) },
    };
  });
}

function validManifests(recipes: readonly Entry[]): Manifest[] {
  return recipes.filter((entry) => entry.problems.length === 0).flatMap(({ manifest }) => manifest ?? []);
}

/** One for each name, whatever number of documents it stands in. */
function invalidManifests(recipes: readonly Entry[]): InvalidManifest[] {
  const invalid = recipes.filter((entry) => entry.problems.length > 0);
  const byName = grouped(invalid, (entry) => entry.name ?? entry.source.label);
  return [...byName].map(([name, sharing]) => ({
    name,
    file: sharing[0]?.source.file ?? name,
    problems: sortProblems(sharing.flatMap((entry) => entry.problems)),
  }));
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
