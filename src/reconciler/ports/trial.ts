/** What a trial needs besides a driver: mirrors, commands, a folder of its own, evidence, promotion. */
import type {
  CanonicalRecord,
  Check,
  GenerationDocument,
  Manifest,
  PullRequestReport,
  StepName,
  SyncReport,
  TrialRecord,
} from '../model.ts';
import type { StepLog, Work } from './driver.ts';

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

export interface SyncRequest {
  manifest: Manifest;
  /** Release tags that the record stands on: the local mirror keeps them though upstream withdrew them. */
  named: readonly string[];
}

export interface MirrorPort {
  /** Makes the mirrors of one recipe equal to its upstream. Throws `infra`: a stale mirror is never tested. */
  sync(request: SyncRequest, work: Work): Promise<SyncReport>;
  /**
   * Fetches this commit from upstream where the local mirror lacks it, and keeps it there. The remote mirror is left alone.
   * Throws `infra` where it cannot be had.
   */
  ensureCommit(manifest: Manifest, commit: string, work: Work): Promise<void>;
  /**
   * Looks after the pull requests on the remote mirror, as it was synced last. Whatever fails is in the report: it throws
   * only `Fenced`, or the signal's reason.
   */
  tendPullRequests(manifest: Manifest, work: Work): Promise<PullRequestReport>;
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
