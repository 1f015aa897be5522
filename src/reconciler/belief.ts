/**
 * What the continuous loop believes of its manifests, given what was just loaded and what it believed before.
 *
 * A single load may show what nobody meant: a folder in the middle of a checkout, a mount that went, a configuration
 * with a typing mistake. A pass that a person or a timer starts ends with exit code 1 or 4 then, and nothing was done. The
 * loop goes on, so it needs an opinion: edits are believed at once, recipes that vanish by the many after one interval
 * (`vanished.ts`), and a configuration that cannot be used, not at all: the last good one stays in force.
 *
 * Pure, and about what was loaded only: whoever loads the same manifests in the same order believes the same.
 */
import type { Fleet, FleetConfig, Instant, InvalidManifest, Problem, Reading } from './model.ts';
import { holdVanished, type Vanished } from './vanished.ts';

export interface Belief {
  /** What looks go by. Who is held stands among its invalid manifests. */
  fleet: Fleet;
  /** Recipes that vanished at once with many others, held as unknown until a look one interval later still lacks them. */
  vanished: Vanished | null;
  /** Why the last good configuration is kept; null where the loaded one is good. */
  configKept: string | null;
  /** Why the manifests could not be looked at, so that all of this is what was believed before; null where they could. */
  unread: string | null;
  /** Believed to be enrolled, those included of which that is not certain any more. Stored with a pass, sorted. */
  enrolled: readonly string[];
}

export interface BeliefContext {
  /** Of the last stored pass: what a start compares with. Does not count once something is believed. */
  enrolledLast: readonly string[];
  /** Where the last stored pass found the Reconciler document; null where there was none. */
  configFileLast?: string | null;
  instant: Instant;
}

export function believe(loaded: Fleet, before: Belief | null, context: BeliefContext): Belief {
  const enrolledBefore = before?.enrolled ?? context.enrolledLast;
  const named = new Set([...loaded.manifests, ...loaded.invalid].map(({ name }) => name));
  const missing = enrolledBefore.filter((name) => !named.has(name));
  const mayBeThere = loaded.invalid.length > 0;
  const intervalMs = intervalOf(loaded, before);
  const vanished = holdVanished({ enrolled: enrolledBefore, missing, mayBeThere }, before?.vanished ?? null, {
    instant: context.instant,
    intervalMs,
  });
  const held = heldManifests(vanished, before, intervalMs);
  const { config, configFile, configKept } = believeConfig(loaded, before, context, vanished !== null);
  return {
    fleet: {
      ...loaded,
      config,
      configFile,
      invalid: [...loaded.invalid, ...held],
      problems: [...loaded.problems, ...held.flatMap(({ problems }) => problems)],
    },
    vanished,
    configKept,
    unread: null,
    enrolled: enrolledNow(loaded, enrolledBefore, mayBeThere ? missing : (vanished?.names ?? [])),
  };
}

/**
 * The manifest folder itself could not be looked at: all stays as it was believed, and no wait ends meanwhile. At a start
 * nothing is believed yet, and the loop has nothing to go by until a load succeeds.
 */
export function believeStill(before: Belief, why: string): Belief {
  return before.unread === why ? before : { ...before, unread: why };
}

/** Who has to be looked at, after one was believed and then the other: recipes added, edited, removed, invalid or valid again. */
export function changedRecipes(before: Fleet, after: Fleet): string[] {
  const [was, is] = [textsOf(before), textsOf(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])].toSorted();
  // What holds for the whole fleet is part of every decision.
  if (JSON.stringify(before.config) !== JSON.stringify(after.config)) return names;
  return names.filter((name) => was.get(name) !== is.get(name));
}

function textsOf({ manifests, invalid }: Fleet): Map<string, string> {
  return new Map([...manifests, ...invalid].map((each) => [each.name, JSON.stringify(each)]));
}

/** Where the Reconciler document may have vanished with the recipes, the one that was there counts. */
function intervalOf(loaded: Fleet, before: Belief | null): number | null {
  const believed = before?.fleet.config ?? loaded.config;
  const [first, second] = loaded.configFile === null ? [believed, loaded.config] : [loaded.config, believed];
  if (first.readable) return first.value.intervalMs;
  return second.readable ? second.value.intervalMs : null;
}

type BelievedConfig = Pick<Fleet, 'config' | 'configFile'> & Pick<Belief, 'configKept'>;

function believeConfig(
  loaded: Fleet,
  before: Belief | null,
  { configFileLast = null }: BeliefContext,
  isHolding: boolean,
): BelievedConfig {
  const { config, configFile } = loaded;
  const fileBefore = before === null ? configFileLast : before.fleet.configFile;
  // A folder that holds nothing at all says nothing of a configuration either.
  const isEmpty = loaded.manifests.length === 0 && loaded.invalid.length === 0;
  const hasVanished = configFile === null && fileBefore !== null && (isHolding || isEmpty);
  if (config.readable && !hasVanished) return { config, configFile, configKept: null };
  const why = config.readable ? `${fileBefore} is gone, together with manifests of recipes` : config.why;
  const kept: Reading<FleetConfig> = before?.fleet.config ?? config;
  return kept.readable && before !== null
    ? { config: kept, configFile: configFile ?? fileBefore, configKept: why }
    : { config: { readable: false, why }, configFile: configFile ?? fileBefore, configKept: null };
}

/** What cannot be used any more, or may stand where nobody can look, was enrolled and still is, for all that is known. */
function enrolledNow(
  loaded: Fleet,
  enrolledBefore: readonly string[],
  doubtful: readonly string[],
): readonly string[] {
  const invalid = new Set(loaded.invalid.map(({ name }) => name));
  const certain = loaded.manifests.filter(({ enrolled }) => enrolled).map(({ name }) => name);
  const unusable = enrolledBefore.filter((name) => invalid.has(name));
  return [...new Set([...certain, ...unusable, ...doubtful])].toSorted();
}

function heldManifests(
  vanished: Vanished | null,
  before: Belief | null,
  intervalMs: number | null,
): InvalidManifest[] {
  if (vanished === null) return [];
  const known = [...(before?.fleet.manifests ?? []), ...(before?.fleet.invalid ?? [])];
  const files = new Map(known.map(({ name, file }) => [name, file]));
  return [...vanished.missedAt]
    .map(([name, since]) => heldManifest(name, files.get(name) ?? name, since, intervalMs))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function heldManifest(
  name: string,
  file: string,
  { now }: Instant,
  intervalMs: number | null,
): InvalidManifest {
  const until =
    intervalMs === null
      ? 'while the Reconciler document cannot be used'
      : `before ${new Date(now.getTime() + intervalMs).toISOString()}`;
  const message =
    `the manifest of ${name} is gone since ${now.toISOString()}, with many others at once; that is not believed ` +
    `${until}: put it back, or confirm it at once with a manifest that says "enrolled: false" and a reason`;
  const problem: Problem = { file, line: 1, column: 1, message };
  return { name, file, problems: [problem] };
}
