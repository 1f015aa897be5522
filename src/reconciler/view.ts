/**
 * Everything that deciding about one recipe looks at: both sides as they were read, each with its own "could not
 * be read". Made by `observe.ts`; read by the pure functions of this folder.
 */
import type {
  CanonicalRecord,
  DamagedTrial,
  FleetConfig,
  Holding,
  Instant,
  InvalidManifest,
  Leftover,
  Manifest,
  ObservedGeneration,
  Program,
  Reading,
  RecipeMemory,
  TrialRecord,
  RemoteRefs,
  Settled,
} from './model.ts';

export interface RecipeView {
  recipe: string;
  manifest: Manifest | null;
  invalid: InvalidManifest | null;
  /** Null where upstream was not asked, because nothing hangs on the answer. */
  refs: Reading<RemoteRefs> | null;
  /** The team's own mirror; null where the manifest names none, or upstream does not say what it should hold. */
  mirror: Reading<RemoteRefs> | null;
  record: Reading<CanonicalRecord | null>;
  /** What the record names: the canonical first, then the kept ones as listed. */
  generations: Reading<readonly ObservedGeneration[]>;
  /** Volumes that the script which this program replaces left; of none but an adopted canonical any are. */
  adoptable: Reading<readonly string[]>;
  memory: Reading<RecipeMemory>;
  /** Newest first. */
  trials: Reading<readonly TrialRecord[]>;
  /** What is not among them because it cannot be read. */
  damagedTrials: readonly DamagedTrial[];
  /** Everything that is stored of it: only of one that has neither a manifest nor a record. */
  holdings?: Reading<readonly Holding[]>;
  /** What of it no record and nobody at work accounts for; nothing is decided by it. */
  leftovers: Reading<readonly Leftover[]>;
}

/** A recipe that is as it was when a pass found it in sync, so that it is not looked at any further. */
export interface SettledRecipe {
  known: Settled;
  /** What it takes to look at it after all, besides what lies in the state folder. */
  sides: Sides;
}

type Sides = Pick<RecipeView, 'recipe' | 'manifest' | 'invalid' | 'refs' | 'mirror'>;

/** What holds for the whole fleet at one look. */
export interface FleetView {
  config: Reading<FleetConfig>;
  driver: Reading<null>;
  /** Files that could not be read or are wrong: while there are any, nothing counts as de-enrolled. */
  unreadableFiles: readonly string[];
  /** But for those that are settled. */
  recipes: ReadonlyMap<string, RecipeView>;
  /** Nobody needs more of these than what is known of them; absent where everything was looked at. */
  settled?: ReadonlyMap<string, SettledRecipe>;
  /** Allocated bytes of all generations, orphans included, and what running trials may still take. */
  disk: { allocatedBytes: number; reservedBytes: number };
  window: { open: true } | { open: false; nextAt: string | null };
}

/** What deciding needs besides what was observed. All of it data or pure. */
export interface DecideContext extends Instant {
  program: Program;
  /** A collision-free digest of a text: what inputs are compared by. */
  digest: (text: string) => string;
  /** Recipes whose failure holds do not count now. */
  ignoreHolds: (recipe: string) => boolean;
}

export function readable<T>(value: T): Reading<T> {
  return { readable: true, value };
}

export function unreadable<T>(why: string): Reading<T> {
  return { readable: false, why };
}
