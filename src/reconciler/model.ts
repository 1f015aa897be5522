/**
 * The words of the program as types. Plain data only: everything here can be printed, stored and compared.
 *
 * Durations are milliseconds, sizes bytes, times ISO 8601 UTC text, unless a name says otherwise.
 */

/**
 * What came of trying to read something. A failure to read is never taken for absence (invariant I7), so absence
 * is a value (`null`, an empty list) and unreadable is its own case, with the words to show.
 */
export type Reading<T> = { readable: true; value: T } | { readable: false; why: string };

export type Command = readonly string[];

/** A suspension of one recipe, or the freeze of the fleet. Ends by itself at `until`. */
export interface Pause {
  reason: string;
  by: string | null;
  until: string | null;
}

export interface Dependency {
  name: string;
  /** Run on every deploy of the dependency's clone; what they write to `$PROVIDE_OUT` reaches the app. */
  provide: readonly Command[];
}

export interface Health {
  path: string;
  status: readonly number[];
  contains: string | null;
  timeoutMs: number;
  stableForMs: number;
  service: string | null;
  port: number | null;
}

export type CheckPhase = 'installed' | 'beforeUpgrade' | 'afterUpgrade';

export interface Check {
  name: string;
  phase: CheckPhase;
  command: Command;
  timeoutMs: number;
}

export interface Backoff {
  baseMs: number;
  maxMs: number;
}

export interface ProcessApp {
  command: Command;
  volumes: readonly string[];
  secrets: readonly string[];
}

interface Mirror {
  url: string;
  forge: { type: 'gitea'; api: string; repo: string; tokenEnv: string } | null;
}

/** One recipe's desired state: its manifest with every default filled in and every path made absolute. */
export interface Manifest {
  name: string;
  /** As people should see it in messages. */
  file: string;
  /** Absolute; the working directory of checks and provide commands. */
  folder: string;
  /** The document as its author wrote it, kept with a generation so that it can be deployed the same way again. */
  document: unknown;
  enrolled: boolean;
  reason: string | null;
  suspend: Pause | null;
  upstream: string;
  branch: string | null;
  release: { ignore: readonly string[]; prerelease: boolean; minAgeMs: number };
  mirror: Mirror | null;
  dependsOn: readonly Dependency[];
  app: { env: Readonly<Record<string, string>>; process: ProcessApp | null };
  health: Health;
  checks: readonly Check[];
  timeoutMs: number;
  retain: number;
  retry: { red: Backoff; infra: Backoff };
  /** Digests of the files that checks and provide commands name: editing a check's script is a new input. */
  commandFiles: Readonly<Record<string, string>>;
}

/** The one Reconciler document, or the defaults where there is none. */
export interface FleetConfig {
  driver: 'process' | 'swarm';
  domain: string;
  domainTemplate: string;
  reservedDomains: readonly string[];
  intervalMs: number;
  window: { schedule: string; timezone: string; durationMs: number } | null;
  concurrency: { observe: number; trials: number };
  diskBudgetBytes: number | null;
  verifyIntervalMs: number;
  freeze: Pause | null;
  server: { host: string; port: number };
  registry: 'file';
  swarm: {
    network: string;
    helperImage: string;
    node: string | null;
    edge: { scheme: 'https' | 'http'; address: string | null; ca: string | null } | null;
  };
}

/** A fault in what a user wrote, at a place they can go to. `line` and `column` count from 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  message: string;
}

/** A recipe whose manifest cannot be used; `name` is the file's where no recipe name can be read. */
export interface InvalidManifest {
  name: string;
  file: string;
  problems: readonly Problem[];
}

/** Everything below the manifest folder, in one look. */
export interface Fleet {
  manifests: readonly Manifest[];
  invalid: readonly InvalidManifest[];
  config: Reading<FleetConfig>;
  problems: readonly Problem[];
}

/** A tag with its peeled commit (`tag^{commit}`), never the annotated tag object. */
export interface Tag {
  name: string;
  commit: string;
}

export interface UpstreamRefs {
  /** The branch that the remote's HEAD names; null where it names none. */
  head: { branch: string; commit: string } | null;
  tags: readonly Tag[];
}

export interface ReleaseRef {
  version: string;
  commit: string;
}

export interface VolumeRecord {
  name: string;
  bytes: number;
  files: number;
  /** Path, type, mode, owner, size and mtime of every entry. */
  fingerprint: string;
  /** Path, type, mode, owner and contents of every entry; what decides where fingerprints differ. */
  digest: string;
}

/** `canonical.json`. The fields after `ts` are null or empty in a record of the script that this program replaces. */
export interface CanonicalRecord {
  recipe: string;
  version: string;
  commit: string;
  status: string;
  ts: string;
  generation: number | null;
  kept: readonly number[];
  driver: string | null;
  stack: string | null;
  domain: string | null;
  volumes: readonly VolumeRecord[];
  trial: string | null;
}

/** `generation.json`: what was promoted, and everything needed to deploy it the same way again. */
export interface GenerationDocument {
  recipe: string;
  generation: number;
  version: string;
  commit: string;
  driver: string;
  stack: string;
  domain: string;
  trial: string;
  volumes: readonly VolumeRecord[];
  secrets: readonly string[];
  manifest: { file: string; folder: string; document: unknown };
}

export interface Damage {
  kind: 'missing' | 'changed';
  what: string;
}

/** One generation that a record names, as it lies on disk now. */
export interface ObservedGeneration {
  generation: number;
  folder: string;
  damage: readonly Damage[];
  /** Null where no `generation.json` is left. */
  document: GenerationDocument | null;
  /** The manifest it was promoted with; null where it is not known or this program no longer reads it. */
  manifest: Manifest | null;
  bytes: number;
  allocatedBytes: number;
}

export type Verdict = 'green' | 'red' | 'timeout' | 'infra' | 'superseded' | 'interrupted';

export type StepName = 'sync' | 'checkout' | 'install' | 'upgrade' | 'rest' | 'promote' | 'tidy';

export interface StepRecord {
  name: StepName;
  startedAt: string;
  endedAt: string | null;
  ok: boolean | null;
  message: string | null;
  /** File name of the step's log in the trial's folder. */
  log: string;
}

/** `trial.json`. */
export interface TrialRecord {
  id: string;
  recipe: string;
  version: string;
  commit: string;
  base: { version: string; generation: number } | null;
  generation: number;
  inputs: string;
  verdict: Verdict | null;
  reason: string | null;
  message: string | null;
  startedAt: string;
  endedAt: string | null;
  steps: StepRecord[];
  instance: { host: string; pid: number; term: string };
  program: Program;
  promoted: boolean;
  /** How long after its end the same inputs are not tried again; drawn once, with jitter. Null: at once. */
  retryAfterMs: number | null;
}

export interface Program {
  version: string;
  commit: string;
}

export interface ReleaseSighting {
  commit: string;
  at: string;
}

type HeldByTag = 'tag-moved' | 'record-mismatch' | 'release-withdrawn' | 'canonical-not-allowed';

/** A person's word that a held canonical may be rebuilt; valid only for exactly what was seen when it was given. */
export interface Acceptance {
  reason: HeldByTag | 'driver-changed';
  canonical: ReleaseRef;
  /** The commit under the canonical's tag when it was accepted; null where the tag was gone. */
  tagCommit: string | null;
  at: string;
}

export type ConditionType = 'Ready' | 'Reconciling' | 'Stalled';

export interface Condition {
  type: ConditionType;
  status: 'True' | 'False';
  reason: string;
  message: string;
  /** Moves only when status, reason or message did. */
  lastTransitionTime: string;
}

/** `status.json`: what the program remembers of a recipe between looks. */
export interface RecipeMemory {
  /** Every commit that each release tag was ever seen at, oldest first. */
  firstSeen: Readonly<Record<string, readonly ReleaseSighting[]>>;
  /** Release tags that turned out to name no commit, with the object that each names: known only once it was fetched. */
  notCommits: Readonly<Record<string, string>>;
  accepted: Acceptance | null;
  /** The generation whose data a person distrusts. */
  rebuild: { generation: number | null; at: string } | null;
  /** Trials whose end lies in the future of a clock that jumped: from when their hold counts instead. */
  holdsFrom: Readonly<Record<string, string>>;
  driftSince: string | null;
  lastVerdict: { trial: string; verdict: Verdict; at: string } | null;
  conditions: readonly Condition[];
}

export type DriftKind = 'seed' | 'advance' | 'repair';

export type DecisionKind =
  DriftKind | 'in-sync' | 'held' | 'blocked' | 'suspended' | 'unknown' | 'never-released' | 'not-enrolled';

export type Reason =
  | 'not-enrolled'
  | 'orphaned'
  | 'manifest-invalid'
  | 'config-invalid'
  | 'upstream-unreachable'
  | 'record-unreadable'
  | 'volumes-unreadable'
  | 'driver-unreachable'
  | 'tags-vanished'
  | 'no-release-tag'
  | 'driver-changed'
  | HeldByTag
  | 'no-canonical'
  | 'newer-release'
  | 'accepted'
  | 'rebuild-requested'
  | 'volume-missing'
  | 'volume-changed'
  | 'up-to-date'
  | 'suspended'
  | 'frozen'
  | 'release-too-young'
  | 'failed-same-inputs'
  | 'outside-window'
  | 'disk-budget'
  | 'dependency-not-ready';

/** The canonical of a dependency that a trial will run against, as decided: a clone of it is deployed. */
export interface DependencyPlan {
  name: string;
  version: string;
  commit: string;
  generation: number;
  folder: string;
  stack: string;
  domain: string;
  driver: string;
  volumes: readonly VolumeRecord[];
  /** The manifest that this canonical was promoted with. */
  manifest: Manifest;
}

/** The generation that a trial upgrades from. */
export interface Base {
  version: string;
  commit: string;
  generation: number;
  folder: string;
  stack: string;
  volumes: readonly VolumeRecord[];
  /** The manifest it was promoted with; the current one where that is not known. */
  manifest: Manifest;
}

/** What a trial is to do, complete: deciding it took every reading, running it takes only this. */
export interface TrialPlan {
  kind: DriftKind;
  target: ReleaseRef;
  base: Base | null;
  /** In deployment order, dependencies of dependencies included. */
  dependencies: readonly DependencyPlan[];
  /** Generations that stay beside the new canonical, newest first. */
  keep: readonly { generation: number; commit: string }[];
  inputs: string;
  domain: string;
}

export interface Decision {
  recipe: string;
  decision: DecisionKind;
  drift: DriftKind | null;
  reason: Reason;
  message: string;
  latest: ReleaseRef | null;
  canonical: { version: string; commit: string; generation: number | null } | null;
  nextAt: string | null;
  /** What there is to say besides: facts that change nothing now, and that a person should know. */
  notes: readonly string[];
  /** Present when, and only when, the decision is to act. */
  plan: TrialPlan | null;
}
