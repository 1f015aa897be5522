/**
 * What the core needs from the world, and nothing of how it is had. Each port is implemented by one adapter and
 * given in at the composition root.
 */
import type {
  Answer,
  CanonicalRecord,
  Check,
  Damage,
  Finding,
  Fleet,
  GenerationDocument,
  Holding,
  Leftover,
  Manifest,
  MirrorFacts,
  ObservedGeneration,
  OperatorRequest,
  Reading,
  RecipeMemory,
  StepName,
  StoredGeneration,
  StoredTrial,
  TrialRecord,
  UpstreamRefs,
  Uptime,
  VolumeRecord,
} from './model.ts';

export interface Clock {
  now(): Date;
  /** What orders two moments although somebody may have set the clock between them. */
  uptime(): Uptime;
  /** In [0, 1): the source of every jitter. */
  random(): number;
  /** Rings once after `ms`, unless the returned function is called first. */
  alarm(ms: number, ring: () => void): () => void;
}

/** Where a step writes what it does; bounded in size, with every concealed text blanked out (invariant I10). Never throws. */
interface StepLog {
  note(text: string): void;
  /** Output of a child process as it comes, in any pieces; lines are put together for each stream by itself. */
  output(source: string, chunk: Uint8Array, stream?: string): void;
  conceal(secret: string): void;
}

/** What every effect of a trial is given besides its own operands. */
export interface Work {
  /** Aborted at the trial's deadline, at a stop, and when the lease is lost. */
  signal: AbortSignal;
  log: StepLog;
  /**
   * Unguessable; stands as `RECONCILE_MARK` in the environment of every process started for this work, so that
   * whatever descends from it is found again (invariant I11). Begins with the trial's own mark.
   */
  mark: string;
}

/** One generation's data: a stack name for engines that keep volumes by name, a folder for those that do not. */
export interface DataHome {
  stack: string;
  folder: string;
}

/** Where an app answers while a trial lasts; the same for every deployment of it, so that others can be told. */
export interface Address {
  url: string;
  release(): Promise<void>;
}

export interface DeployRequest {
  home: DataHome;
  recipe: string;
  version: string;
  domain: string;
  /** Folder of the release's own tree. */
  checkout: string;
  /** Says how to run the app, which volumes and secrets it has, and what healthy means. */
  manifest: Manifest;
  address: Address;
  /** For the app besides what its manifest says: dependencies' URLs, and what was provided for it. */
  env: Readonly<Record<string, string>>;
  /** A folder for temporary files that goes with the trial. */
  tmp: string;
}

export interface Deployed {
  url: string;
  /** Volumes that the home lacked and that start empty. */
  added: readonly string[];
  /** Volumes that this release no longer has; they were removed from the home. */
  dropped: readonly string[];
  /** Throws a `TrialFault` unless the app still runs and answers, now. */
  confirm(): Promise<void>;
}

/**
 * What deploys apps (design: drivers). One shared suite runs against each implementation.
 *
 * Everything here throws `TrialFault`: `red` or `timeout` where the app is at fault, `infra` where anything else is.
 * When `work.signal` aborts, a call ends what it started and throws the signal's reason.
 */
export interface Driver {
  readonly kind: string;
  /** Can this driver work here at all? */
  reach(): Promise<Reading<null>>;
  address(domain: string): Promise<Address>;
  /**
   * Puts a release on the data of `home`, replacing what runs there under the same stack name, and returns when it
   * has truly converged: healthy, for as long as its manifest asks. Volumes and secrets that the home lacks are made.
   */
  deploy(request: DeployRequest, work: Work): Promise<Deployed>;
  /** Returns when nothing of the stack is left but its volumes. Undeploying what is not deployed is no error. */
  undeploy(stack: string, work: Work): Promise<void>;
  /**
   * Copies volumes and secrets into a new home. The source is only read; what was copied is compared with
   * `volumes`, and a difference throws `infra` with reason `base-changed`.
   */
  clone(source: DataHome, volumes: readonly VolumeRecord[], target: DataHome, work: Work): Promise<void>;
  /**
   * Fingerprints and digests of every volume that a manifest gives a home at rest, and its secrets' names. Throws
   * `red` where the app did away with one; removes what else the app left there.
   */
  measure(
    home: DataHome,
    manifest: Manifest,
    work: Work,
  ): Promise<{ volumes: VolumeRecord[]; secrets: string[] }>;
  /** Forces a home's data to disk. */
  flush(home: DataHome, work: Work): Promise<void>;
  /**
   * Compares a home with what it was when promoted. A fingerprint that differs is confirmed by the digest before
   * anything is called changed. Throws where something cannot be read, which is not the same as missing.
   */
  inspect(
    home: DataHome,
    expected: { volumes: readonly VolumeRecord[]; secrets: readonly string[] },
  ): Promise<{ damage: Damage[]; bytes: number; allocatedBytes: number }>;
  /**
   * Compares a home with what it was when promoted, for an audit: each thing by itself, so that one which cannot be
   * read hides no other, and what lies there besides. `contents: 'always'` reads everything; what was changed so that
   * size, mode and times stayed the same is found only so. Never throws.
   */
  examine(
    home: DataHome,
    expected: { volumes: readonly VolumeRecord[]; secrets: readonly string[] },
    options: { contents: 'always' | 'where-doubtful'; signal: AbortSignal },
  ): Promise<Finding[]>;
  /** Removes what the driver keeps of a home outside its folder; the folder itself is the caller's. */
  remove(home: DataHome, work: Work): Promise<void>;
  /**
   * Ends everything whose mark begins with `mark`, and what cut that tie but works in `folder`, which belonged to it
   * alone; returns how many things that were.
   */
  reap(mark: string, folder: string): Promise<number>;
  /** What `reap` would end, in words such as `pid 4711 (node)`; ends nothing. */
  owned(mark: string, folder: string): Promise<string[]>;
}

interface CheckRun {
  check: Check;
  cwd: string;
  env: Readonly<Record<string, string>>;
  tmp: string;
}

/** Runs what a manifest brings along. Throws `TrialFault`: `red`, or `timeout` at its own deadline. */
export interface Commands {
  check(run: CheckRun, work: Work): Promise<void>;
  /** Runs a provide command; returns the `KEY=value` lines that it wrote to `$PROVIDE_OUT`. */
  provide(
    run: { command: readonly string[]; cwd: string; env: Readonly<Record<string, string>>; tmp: string },
    work: Work,
  ): Promise<Record<string, string>>;
}

export interface MirrorPort {
  /** Makes the mirrors of one recipe equal to its upstream. Throws `infra`: a stale mirror is never tested. */
  sync(manifest: Manifest, work: Work): Promise<void>;
  /** Puts the tree of a commit into a new folder; asserts that HEAD is that commit. */
  checkout(recipe: string, commit: string, folder: string, work: Work): Promise<void>;
  /** Keeps these commits, too, reachable in the recipe's local mirror, whatever upstream does to its tags. */
  retain(recipe: string, commits: readonly string[], work: Work): Promise<void>;
  /** Ends that for all commits but these. */
  letGo(recipe: string, except: readonly string[], work: Work): Promise<void>;
}

/** What a file system would still take. */
export interface Room {
  freeBytes: number;
  /** Null where the file system does not count them. */
  freeFiles: number | null;
}

/** A trial's own folder for everything that goes with it: checkouts, generations being built, temporary files. */
export interface Workspace {
  folder: string;
  /** Processes started for this trial carry a mark that begins so. */
  mark: string;
  /** Aborted when the lease is lost; what must still be done after a stop goes on until then. */
  lost: AbortSignal;
  /** Renames something inside of it. */
  move(from: string, to: string): Promise<void>;
  room(): Promise<Room>;
  discard(): Promise<void>;
}

export interface JournalLog extends StepLog {
  /** A text as this log would write it: with every concealed text blanked out. */
  cleaned(text: string): string;
  /** Throws where not everything that was said up to now could be written. */
  close(): Promise<void>;
}

/** One trial's durable evidence: `trial.json` and a log per step. */
export interface TrialJournal {
  /** Durable when it returns: what reserves the trial's generation number. */
  open(trial: TrialRecord): Promise<void>;
  /** Durable when it returns. */
  save(trial: TrialRecord): Promise<void>;
  log(trial: TrialRecord, step: StepName): JournalLog;
}

export interface Promotion {
  /** Puts a finished generation from its workspace at its lasting place. */
  settle(staged: string, document: GenerationDocument): Promise<void>;
  /** Writes the record, reads it back from where it is stored, and returns what it read (invariant I3). */
  promote(record: CanonicalRecord): Promise<CanonicalRecord>;
  /** Removes a recipe's generations and old trials that neither the record nor an open trial names. */
  tidy(recipe: string, record: CanonicalRecord | null, work: Work): Promise<void>;
}

export interface FleetSource {
  load(): Promise<Fleet>;
}

export interface Upstream {
  /** Tags with their peeled commits, and the branch that HEAD names. Never throws. */
  refs(manifest: Manifest, signal: AbortSignal): Promise<Reading<UpstreamRefs>>;
}

/** Reads the state folder. Never throws: what cannot be read says so. */
export interface Registry {
  /** Recipes that have a record, enrolled or not. */
  recorded(): Promise<Reading<string[]>>;
  /** Recipes that have, or once had, anything stored: a record, or trials. */
  tried(): Promise<Reading<string[]>>;
  record(recipe: string): Promise<Reading<CanonicalRecord | null>>;
  /** The generations that a record names, canonical first, as they lie on disk now. */
  generations(record: CanonicalRecord): Promise<Reading<ObservedGeneration[]>>;
  /** Newest first. A trial whose file is damaged is left out and reported through `warn`. */
  trials(recipe: string): Promise<Reading<TrialRecord[]>>;
  /** Every folder among a recipe's trials, in no order, the damaged ones too. */
  trialFolders(recipe: string): Promise<Reading<StoredTrial[]>>;
  /** What a generation says of itself; nobody has compared it with what lies there. */
  generation(recipe: string, number: number): Promise<StoredGeneration>;
  memory(recipe: string): Promise<Reading<RecipeMemory>>;
  /** The highest generation number that anything of the recipe carries; 0 where nothing does. */
  lastGeneration(recipe: string): Promise<number>;
  /**
   * What of a recipe neither its record, as just read, nor anybody who is at work accounts for. The trials are those
   * that were just read: an open one is somebody's as long as its term lives.
   */
  leftovers(
    recipe: string,
    record: CanonicalRecord | null,
    trials: readonly TrialRecord[],
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
