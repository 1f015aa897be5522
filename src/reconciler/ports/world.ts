/** What is looked at, remembered and asked for: both sides of a decision, and the people beside it. */
import type {
  Answer,
  CanonicalRecord,
  DamagedTrial,
  Fleet,
  Holding,
  Leftover,
  MaintenanceWindow,
  Manifest,
  MirrorFacts,
  ObservedGeneration,
  OperatorRequest,
  Reading,
  RecipeMemory,
  StoredGeneration,
  StoredTrial,
  TrialRecord,
  RemoteRefs,
  Uptime,
} from '../model.ts';

export interface Clock {
  now(): Date;
  /** What orders two moments although somebody may have set the clock between them. */
  uptime(): Uptime;
  /** In [0, 1): the source of every jitter. */
  random(): number;
  /** Rings once after `ms`, unless the returned function is called first. */
  alarm(ms: number, ring: () => void): () => void;
}

/** Knows cron expressions and zones. */
export interface Calendar {
  /** The first opening after a moment, and not at it; null where none ever comes. */
  nextOpening(window: MaintenanceWindow, after: Date): Date | null;
}

export interface FleetSource {
  load(): Promise<Fleet>;
  /** For a look at everything. What was read when the program was opened is not read again for the first one. */
  look(): Promise<Fleet>;
}

export interface Asking {
  signal: AbortSignal;
  /** It waits until fewer than so many are asked. */
  concurrency: number;
  /** The answer that was read the last time: where it comes again, it is not read before somebody asks for it. */
  known?: string;
}

export interface Upstream {
  /** Its tags, and the branch that is mirrored. Never throws. */
  refs(manifest: Manifest, asking: Asking): Promise<Reading<RemoteRefs>>;
}

/** The team's own mirror of a recipe, where its manifest names one. */
export interface RemoteMirrors {
  /** All its tags, and what it has under the name of the mirrored branch. Never throws. */
  refs(manifest: Manifest, branch: string | null, asking: Asking): Promise<Reading<RemoteRefs>>;
}

/** Reads the state folder. Never throws: what cannot be read says so. */
export interface Registry {
  /** Every name in the state folder, whatever it is of. */
  folders(): Promise<Reading<string[]>>;
  /** Whether anything of a recipe lies under this name; also where that cannot be told. */
  isStored(recipe: string): Promise<boolean>;
  /** Recipes that have a record, enrolled or not. */
  recorded(): Promise<Reading<string[]>>;
  /** Recipes that have, or once had, anything stored: a record, or trials. */
  tried(): Promise<Reading<string[]>>;
  record(recipe: string): Promise<Reading<CanonicalRecord | null>>;
  /** The generations that a record names, canonical first, as they lie on disk now. */
  generations(record: CanonicalRecord): Promise<Reading<ObservedGeneration[]>>;
  /** What the script that this program replaces left of a recipe, by the names that the recipe has for it. */
  adoptable(recipe: string): Promise<Reading<string[]>>;
  /** Newest first. One whose file is damaged is left out, and told of. */
  trials(recipe: string, tell?: (damaged: DamagedTrial) => void): Promise<Reading<TrialRecord[]>>;
  /** Every folder among a recipe's trials, in no order, the damaged ones too. */
  trialFolders(recipe: string): Promise<Reading<StoredTrial[]>>;
  /** What a generation says of itself; nobody has compared it with what lies there. */
  generation(recipe: string, number: number): Promise<StoredGeneration>;
  memory(recipe: string): Promise<Reading<RecipeMemory>>;
  /** The highest generation number that anything of the recipe carries; 0 where nothing does. */
  lastGeneration(recipe: string): Promise<number>;
  /** Whether somebody holds the lease, or asks for it. */
  atWork(): Promise<Reading<boolean>>;
  /**
   * What of a recipe neither its record, as just read, nor anybody who is at work accounts for. The trials are those
   * that were just read: an open one is somebody's as long as its term lives. `atWork`: as it was a moment ago, for all
   * recipes of one look; what is found because nobody was is confirmed before it is told.
   */
  leftovers(
    recipe: string,
    known: { record: CanonicalRecord | null; trials: readonly TrialRecord[]; atWork: boolean },
  ): Promise<Reading<Leftover[]>>;
  /** Everything that is stored of a recipe. */
  holdings(recipe: string): Promise<Reading<Holding[]>>;
  /** What is left and no recipe's: terms that ended and what they left running, and whatever is not ours at all. */
  strays(): Promise<Reading<Leftover[]>>;
}

/** Reads local mirrors. Never throws. */
export interface MirrorReader {
  /** Null where a recipe has no mirror. `tag`: a release's; null where none is to be asked for. */
  facts(
    recipe: string,
    asked: { tag: string | null; commits: readonly string[] },
    signal: AbortSignal,
  ): Promise<Reading<MirrorFacts | null>>;
}

export interface MemoryWriter {
  remember(recipe: string, memory: RecipeMemory): Promise<void>;
}

/** Where people leave requests for whoever acts. */
export interface RequestDesk {
  /** Oldest first. Never throws: what cannot be read is reported, and holds nobody up. */
  pending(): Promise<readonly OperatorRequest[]>;
  /** Tells whoever asked, if they are still there, and takes the request away. */
  answer(request: OperatorRequest, answer: Answer): Promise<void>;
}

/** What is done about leftovers, and about recipes that nobody wants any more. Only while no trial runs. */
export interface Housekeeping {
  /** Removes everything that the inventory lists as ours; of a recipe whose record cannot be read, nothing. */
  collect(): Promise<void>;
  /** Removes everything of a recipe that this program made: the record first, then what it named. */
  forget(recipe: string): Promise<void>;
}
