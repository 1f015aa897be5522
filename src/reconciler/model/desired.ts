/** Desired state: manifests with every default filled in, and what upstream has released. */
import type { Reading } from './reading.ts';

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

/** Where a secret is found; never the secret itself. A file is read anew each time, so that it may be replaced. */
export type TokenSource = { kind: 'env'; name: string } | { kind: 'file'; path: string };

/** What a git server over http(s) is told of who asks: the token is the password. */
export interface Login {
  username: string;
  token: TokenSource;
}

/** The forge that serves a mirror, as its API is reached. */
export interface Forge {
  type: 'gitea';
  /** The address of its API, such as `https://git.example.org/api/v1`. */
  api: string;
  /** `owner/name` */
  repo: string;
  token: TokenSource;
}

export interface RemoteMirror {
  url: string;
  login: Login | null;
  forge: Forge | null;
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
  /** Null where nobody is to be told who asks. */
  login: Login | null;
  branch: string | null;
  release: { ignore: readonly string[]; prerelease: boolean; minAgeMs: number };
  mirror: RemoteMirror | null;
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

/** When the continuous loop may start trials: from each time of the schedule on, for so long. */
export interface MaintenanceWindow {
  /** A cron expression of five fields. */
  schedule: string;
  timezone: string;
  durationMs: number;
}

/** The one Reconciler document, or the defaults where there is none. */
export interface FleetConfig {
  driver: 'process' | 'swarm';
  domain: string;
  domainTemplate: string;
  reservedDomains: readonly string[];
  intervalMs: number;
  window: MaintenanceWindow | null;
  concurrency: { observe: number; trials: number };
  diskBudgetBytes: number | null;
  verifyIntervalMs: number;
  /** Repositories below an address, and who asks them. */
  credentials: readonly { url: string; login: Login }[];
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

/** What came of reading manifests, to be read in their place as long as they are the same. */
export interface FleetMemory {
  /** Of every byte that it was made of. */
  digest: string;
  text: string;
  /** By which a text that was changed is known. */
  check: string;
}

/** Everything below the manifest folder, in one look. */
export interface Fleet {
  manifests: readonly Manifest[];
  invalid: readonly InvalidManifest[];
  config: Reading<FleetConfig>;
  /** Where below the manifest folder the Reconciler document stands; null where there is none. */
  configFile: string | null;
  problems: readonly Problem[];
  /** Null where it cannot be read again from less than the files. */
  memory: FleetMemory | null;
}

export interface Tag {
  name: string;
  /** The peeled one (`tag^{commit}`): what is tested. */
  commit: string;
  /** The tag's own object: of an annotated one not the commit. It is what mirrors are compared by. */
  object: string;
}

/** What a repository elsewhere has of what is mirrored. */
export interface RemoteRefs {
  /** The mirrored branch: the manifest's, or the one that the remote's HEAD names; null where there is none. */
  branch: { name: string; commit: string } | null;
  tags: readonly Tag[];
  /** A digest of the answer that this was read from; absent where nobody took one. */
  answer?: string;
}

export interface ReleaseRef {
  version: string;
  commit: string;
}
