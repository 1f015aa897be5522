/** What deploys apps, and what every effect of a trial is given besides its own operands. */
import type { Damage, Finding, ImageRecord, Manifest, Reading, VolumeRecord } from '../model.ts';

/** Where a step writes what it does; bounded in size, with every concealed text blanked out (invariant I10). Never throws. */
export interface StepLog {
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

/** Whose trial made it: engines that keep data by name keep this with it, so that nothing else is ever removed. */
export interface Owner {
  recipe: string;
  generation: number;
  trial: string;
}

/** A home that data may be made in. */
export interface NewHome extends DataHome {
  owner: Owner;
}

/** Data that an engine keeps by name, outside of any folder. */
export interface HeldHome {
  stack: string;
  owner: Owner;
  volumes: readonly string[];
}

/** Where an app answers while a trial lasts; the same for every deployment of it, so that others can be told. */
export interface Address {
  url: string;
  release(): Promise<void>;
}

/** What a home held when it was promoted. */
export interface ExpectedData {
  volumes: readonly VolumeRecord[];
  secrets: readonly string[];
}

export interface DeployRequest {
  home: NewHome;
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
  /** What it runs from; none where apps are no images. */
  images: readonly ImageRecord[];
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
  /** What a stack is called where apps run: engines limit names. */
  stackName(stack: string): string;
  /** What commands of a manifest get, besides what the core tells them, to reach apps where these run. */
  environment(): Readonly<Record<string, string>>;
  /** What of an app is not judged, as this driver is set up, in words that every result says; null where all is. */
  unjudged(): string | null;
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
  clone(source: DataHome, volumes: readonly VolumeRecord[], target: NewHome, work: Work): Promise<void>;
  /**
   * Volumes that the script which this program replaces left of a recipe, by the names that the recipe has for them; none
   * of engines that it did not use. Never throws.
   */
  adoptable(recipe: string): Promise<Reading<string[]>>;
  /**
   * Copies those into a new home. They are only read, and there is nothing that a copy could be compared with; their
   * secrets are not to be had.
   */
  adopt(recipe: string, volumes: readonly string[], target: NewHome, work: Work): Promise<void>;
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
  /** Does it take so long to inspect a home that this is not done at every look (`verify.interval`)? */
  readonly isInspectingCostly: boolean;
  /** What of a home is not there, found without reading any of it. Throws as `inspect` does. */
  missing(home: DataHome, expected: ExpectedData): Promise<Damage[]>;
  /**
   * Compares a home with what it was when promoted. A fingerprint that differs is confirmed by the digest before
   * anything is called changed. Throws where something cannot be read, which is not the same as missing.
   */
  inspect(
    home: DataHome,
    expected: ExpectedData,
  ): Promise<{ damage: Damage[]; bytes: number; allocatedBytes: number }>;
  /**
   * Compares a home with what it was when promoted, for an audit: each thing by itself, so that one which cannot be
   * read hides no other, and what lies there besides. `contents: 'always'` reads everything; what was changed so that
   * size, mode and times stayed the same is found only so. Never throws.
   */
  examine(
    home: DataHome,
    expected: ExpectedData,
    options: { contents: 'always' | 'where-doubtful'; signal: AbortSignal },
  ): Promise<Finding[]>;
  /** Removes what the driver keeps of a home outside its folder; the folder itself is the caller's. */
  remove(home: DataHome, work: Work): Promise<void>;
  /**
   * What the driver keeps outside of folders and was made for trials of this recipe, by whoever works on this state
   * folder. Never throws.
   */
  held(recipe: string): Promise<Reading<HeldHome[]>>;
  /**
   * Ends everything whose mark begins with `mark`, and what cut that tie but works in `folder`, which belonged to it
   * alone; returns how many things that were.
   */
  reap(mark: string, folder: string): Promise<number>;
  /** What `reap` would end, in words such as `pid 4711 (node)`; ends nothing. */
  owned(mark: string, folder: string): Promise<string[]>;
}
