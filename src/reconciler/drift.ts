/**
 * How desired differs from observed: the rows of the decision table, before any gate (design: decisions).
 *
 * A failure to read is `unknown`, and comes before every row that could mistake it for absence (invariant I7).
 */
import type {
  Acceptance,
  CanonicalRecord,
  DecisionKind,
  DriftKind,
  FleetConfig,
  Manifest,
  Reason,
  RecipeMemory,
  ReleaseRef,
  Tag,
} from './model.ts';
import { holdingsInWords } from './orphans.ts';
import { own } from './own.ts';
import { ambiguousReleases, classify, compareReleases } from './releases.ts';
import type { FleetView, RecipeView } from './view.ts';

/** Nothing to be done by a trial, now and as things are. */
export interface Settled {
  drift: null;
  decision: Exclude<DecisionKind, DriftKind | 'suspended' | 'blocked'>;
  reason: Reason;
  message: string;
  latest: ReleaseRef | null;
  notes: readonly string[];
}

export interface Drift {
  drift: DriftKind;
  reason: Reason;
  message: string;
  target: ReleaseRef;
  manifest: Manifest;
  config: FleetConfig;
  record: CanonicalRecord | null;
  /** A generation whose data must not be built upon, because a person said so. */
  distrusted: number | null;
  notes: readonly string[];
}

/** Both sides, once it is certain that all of it could be read. */
interface Known {
  manifest: Manifest;
  config: FleetConfig;
  memory: RecipeMemory;
  tags: readonly Tag[];
  newest: ReleaseRef | null;
  notes: readonly string[];
}

type Held = { reason: Acceptance['reason']; message: string };

export function findDrift(view: RecipeView, fleet: FleetView): Settled | Drift {
  const known = notEnrolled(view, fleet) ?? read(view, fleet);
  if ('decision' in known) return known;
  const record = view.record.readable ? view.record.value : null;
  return record === null ? withoutCanonical(known) : withCanonical(view, known, record);
}

/** Row 1. An orphan counts as de-enrolled only while every manifest file can be read. */
function notEnrolled(view: RecipeView, fleet: FleetView): Settled | null {
  const { manifest, invalid } = view;
  if (invalid !== null) return null;
  if (manifest !== null) {
    return manifest.enrolled
      ? null
      : settle('not-enrolled', 'not-enrolled', manifest.reason ?? 'no reason given');
  }
  const [file] = fleet.unreadableFiles;
  if (file !== undefined) {
    return settle(
      'unknown',
      'manifest-invalid',
      `no manifest found, but ${file} cannot be read and may hold it`,
    );
  }
  const hasOthers = (fleet.settled?.size ?? 0) > 0;
  if (!hasOthers && ![...fleet.recipes.values()].some((each) => each.manifest !== null)) {
    return settle('unknown', 'manifest-invalid', 'no manifest was found at all, not even another recipe’s');
  }
  return settle('not-enrolled', 'orphaned', `no manifest enrols it; ${whatIsKept(view)}`);
}

function whatIsKept({ recipe, record, holdings }: RecipeView): string {
  if (!record.readable)
    return `its record, which cannot be read (${record.why}), is kept until "reconcile forget" removes it`;
  if (record.value !== null)
    return `its canonical ${record.value.version} is kept until "reconcile forget" removes it`;
  const stored = holdings?.readable === true ? ` (${holdingsInWords(recipe, holdings.value)})` : '';
  return `it has no canonical, and all that is stored of it${stored} stays until "reconcile forget ${recipe}" removes it`;
}

/** Row 2: everything that must be readable before anything else may be concluded. */
function read(view: RecipeView, fleet: FleetView): Settled | Known {
  const { manifest, invalid, refs, record, generations, adoptable, memory, trials } = view;
  if (invalid !== null || manifest === null) return settle('unknown', 'manifest-invalid', problemsOf(view));
  if (!fleet.config.readable) return settle('unknown', 'config-invalid', fleet.config.why);
  if (refs === null || !refs.readable) {
    return settle('unknown', 'upstream-unreachable', refs === null ? 'upstream was not asked' : refs.why);
  }
  if (!record.readable) return settle('unknown', 'record-unreadable', record.why);
  if (!memory.readable) return settle('unknown', 'record-unreadable', memory.why);
  if (!trials.readable) return settle('unknown', 'record-unreadable', trials.why);
  if (!generations.readable) return settle('unknown', 'volumes-unreadable', generations.why);
  if (!adoptable.readable) return settle('unknown', 'volumes-unreadable', adoptable.why);
  if (!fleet.driver.readable) return settle('unknown', 'driver-unreachable', fleet.driver.why);
  const { tags } = refs.value;
  if (record.value !== null && tags.length === 0) {
    const message = `${manifest.upstream} shows no tags at all, though ${record.value.version} was promoted from it`;
    return settle('unknown', 'tags-vanished', message);
  }
  const { allowed } = classify(tags, manifest.release, memory.value.notCommits);
  const damaged = generations.value
    .filter(({ generation, damage }) => damage.length > 0 && generation !== record.value?.generation)
    .map(({ generation }) => `kept generation ${generation} is damaged`);
  return {
    manifest,
    tags,
    config: fleet.config.value,
    memory: memory.value,
    newest: allowed[0] ?? null,
    notes: [...ambiguousReleases(allowed), ...damaged, ...unreadTrials(view)],
  };
}

/** That it cannot be read is said in any case; whether anything hangs on it is for the gates. */
function unreadTrials({ damagedTrials }: RecipeView): string[] {
  const [first] = damagedTrials;
  if (first === undefined) return [];
  const count = damagedTrials.length;
  return [
    count === 1
      ? `1 trial cannot be read: ${first.why}`
      : `${count} trials cannot be read; one of them: ${first.why}`,
  ];
}

/** Rows 3 and 8. */
function withoutCanonical(known: Known): Settled | Drift {
  const { newest, manifest, tags } = known;
  if (newest === null) {
    const found =
      tags.length === 0 ? 'it has no tags' : `none of its ${tags.length} tags is a release that counts`;
    return {
      ...settle('never-released', 'no-release-tag', `${manifest.upstream}: ${found}`),
      notes: known.notes,
    };
  }
  const message = `${newest.version} is the newest release and there is no canonical`;
  return { ...driftOf(known, null, newest), drift: 'seed', reason: 'no-canonical', message };
}

/** Rows 4 to 7 and 9 to 11. */
function withCanonical(view: RecipeView, known: Known, record: CanonicalRecord): Settled | Drift {
  const { newest, memory } = known;
  const held = heldByCanonical(known, record);
  if (held !== null) {
    const accepted = newest !== null && isAccepted(memory.accepted, held.reason, record, known.tags);
    if (!accepted)
      return { ...settle('held', held.reason, held.message), latest: newest, notes: known.notes };
    const message = `${held.reason} was accepted; the canonical is rebuilt at ${newest.version}`;
    const distrusted = record.generation;
    return { ...driftOf(known, record, newest), drift: 'repair', reason: 'accepted', message, distrusted };
  }
  if (newest === null) throw new Error('a canonical whose release counts implies a newest release');
  return compareWithNewest(view, known, record, newest);
}

function compareWithNewest(
  view: RecipeView,
  known: Known,
  record: CanonicalRecord,
  newest: ReleaseRef,
): Settled | Drift {
  const { rebuild } = known.memory;
  const distrusted = rebuild !== null && rebuild.generation === record.generation ? rebuild.generation : null;
  const drift = { ...driftOf(known, record, newest), distrusted };
  if (compareReleases(newest.version, record.version) > 0) {
    const message = `${newest.version} is newer than the canonical ${record.version}`;
    return { ...drift, drift: 'advance', reason: 'newer-release', message };
  }
  if (rebuild !== null && rebuild.generation === record.generation) {
    const message = `a rebuild of ${record.version} was requested at ${rebuild.at}`;
    return { ...drift, drift: 'repair', reason: 'rebuild-requested', message };
  }
  const canonical = view.generations.readable ? view.generations.value[0] : undefined;
  const damage = canonical?.damage ?? [];
  if (damage.length > 0) {
    const reason = damage.some(({ kind }) => kind === 'missing') ? 'volume-missing' : 'volume-changed';
    const what = damage.map((each) => `${each.what} is ${each.kind}`).join(', ');
    return {
      ...drift,
      drift: 'repair',
      reason,
      message: `the canonical ${record.version} is damaged: ${what}`,
    };
  }
  const message = `the canonical is the newest release ${newest.version}`;
  return { ...settle('in-sync', 'up-to-date', message), latest: newest, notes: known.notes };
}

/** Rows 4 to 7: the canonical itself contradicts what is desired, and following silently would be wrong. */
function heldByCanonical(known: Known, record: CanonicalRecord): Held | null {
  const { config, newest, tags, memory } = known;
  if (record.driver !== null && record.driver !== config.driver) {
    const message = `the canonical was made by the ${record.driver} driver, and ${config.driver} is configured`;
    return { reason: 'driver-changed', message };
  }
  const tag = tags.find(({ name }) => name === record.version);
  const canonical = seen(record, known);
  if (tag !== undefined && tag.commit !== record.commit) {
    const once = (own(memory.firstSeen, record.version) ?? []).some(({ commit }) => commit === record.commit);
    const now = seen({ version: record.version, commit: tag.commit }, known);
    return once
      ? { reason: 'tag-moved', message: `tag ${record.version} moved from ${canonical} to ${now}` }
      : {
          reason: 'record-mismatch',
          message: `the record names ${canonical} for ${record.version}; that tag is at ${now}`,
        };
  }
  if (newest !== null && compareReleases(record.version, newest.version) <= 0) return null;
  const instead =
    newest === null ? 'no release is left' : `the newest is ${newest.version} at ${seen(newest, known)}`;
  return tag === undefined
    ? {
        reason: 'release-withdrawn',
        message: `tag ${record.version} of the canonical, at ${canonical}, is gone upstream; ${instead}`,
      }
    : {
        reason: 'canonical-not-allowed',
        message: `the manifest no longer allows the canonical's release ${record.version} at ${canonical}; ${instead}`,
      };
}

/** A commit, and since when this program knows it under that tag. */
function seen({ version, commit }: Pick<ReleaseRef, 'version' | 'commit'>, { memory, tags }: Known): string {
  const sighting = (own(memory.firstSeen, version) ?? []).find((each) => each.commit === commit);
  if (sighting !== undefined) return `${commit} (first seen ${sighting.at})`;
  const isThere = tags.some((tag) => tag.name === version && tag.commit === commit);
  return `${commit} (${isThere ? 'first seen just now' : 'never seen under that tag'})`;
}

/** An acceptance counts only for exactly what its giver saw. */
function isAccepted(
  accepted: Acceptance | null,
  reason: Acceptance['reason'],
  record: CanonicalRecord,
  tags: readonly Tag[],
): boolean {
  const tagCommit = tags.find(({ name }) => name === record.version)?.commit ?? null;
  return (
    accepted !== null &&
    accepted.reason === reason &&
    accepted.canonical.version === record.version &&
    accepted.canonical.commit === record.commit &&
    accepted.generation === record.generation &&
    accepted.tagCommit === tagCommit
  );
}

function driftOf(known: Known, record: CanonicalRecord | null, target: ReleaseRef) {
  return {
    target,
    record,
    distrusted: null,
    manifest: known.manifest,
    config: known.config,
    notes: known.notes,
  };
}

function settle(decision: Settled['decision'], reason: Reason, message: string): Settled {
  return { drift: null, decision, reason, message, latest: null, notes: [] };
}

function problemsOf(view: RecipeView): string {
  const [first, ...more] = view.invalid?.problems ?? [];
  if (first === undefined) return 'its manifest cannot be used';
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `${first.file}:${first.line}:${first.column}: ${first.message}${rest}`;
}
