/** Observed state: records, generations as they lie on disk, and what is remembered between looks. */
import type { Manifest, ReleaseRef } from './desired.ts';
import type { Rewrite } from './mirrors.ts';
import type { Program, Uptime, Verdict } from './trials.ts';

export interface VolumeRecord {
  name: string;
  bytes: number;
  files: number;
  /** Path, type, mode, owner, size and mtime of every entry. */
  fingerprint: string;
  /** Path, type, mode, owner and contents of every entry; what decides where fingerprints differ. */
  digest: string;
}

/** What a service of a release ran from. */
export interface ImageRecord {
  service: string;
  /** As the release names it, such as `nginx:1.25`. */
  reference: string;
  /** What the registry knows it by; null where it came from none, but was loaded or built where it runs. */
  digest: string | null;
  /** What the engine knows it by. */
  id: string;
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
  /** Empty where apps are no images, and in records of programs that did not say so yet. */
  images: readonly ImageRecord[];
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
  /** What made it; null in documents of programs that did not say so yet. */
  program: Program | null;
  manifest: { file: string; folder: string; document: unknown };
}

export interface Damage {
  kind: 'missing' | 'changed';
  what: string;
}

/** That a home was found to be as it was promoted when it was last read. */
export interface Inspected {
  stack: string;
  /** A digest of what it was compared with. */
  expected: string;
  at: string;
  bytes: number;
  allocatedBytes: number;
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

export interface ReleaseSighting {
  commit: string;
  at: string;
  /** Null in memories of programs that did not store it yet. */
  uptime: Uptime | null;
}

export type HeldByTag = 'tag-moved' | 'record-mismatch' | 'release-withdrawn' | 'canonical-not-allowed';

/** A person's word that a held canonical may be rebuilt; valid only for exactly what was seen when it was given. */
export interface Acceptance {
  reason: HeldByTag | 'driver-changed';
  canonical: ReleaseRef;
  /** The canonical's; another one is another canonical, even of the same release. */
  generation: number | null;
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
  /** By which wording of the manifest; null where there was none, and in memories of programs that did not say so yet. */
  observedGeneration: string | null;
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
  /** Null where no remote mirror was ever looked at. */
  mirror: MirrorMemory | null;
  /** The opening of the maintenance window at which it was due, and since which it was not served. */
  dueSince: string | null;
  lastVerdict: { trial: string; verdict: Verdict; at: string } | null;
  conditions: readonly Condition[];
}

/** What is remembered of the team's own mirror of a recipe. */
export interface MirrorMemory {
  /** Names of its tags that are people's; said once. */
  foreignTags: readonly string[];
  /** What upstream rewrote, newest first. */
  rewrites: readonly (Rewrite & { at: string })[];
  /** Since when, and why, it cannot be kept equal to upstream; null while it can. */
  failing: { since: string; message: string } | null;
  /** Since when, and why, not every pull request could be looked after; null while all were. */
  pullRequests: { since: string; message: string } | null;
}

type LeftoverKind =
  | 'generation'
  /** One that an engine keeps by name. */
  | 'volume'
  | 'trial'
  | 'mirror-lock'
  | 'term'
  | 'process'
  | 'preparation'
  | 'request'
  /** Called like nothing that this program makes. */
  | 'stranger';

/** Something that lies in the state folder or runs, and that no record and nobody who is at work accounts for. */
export interface Leftover {
  /** Null where it is no recipe's. */
  recipe: string | null;
  kind: LeftoverKind;
  /** Its path below the state folder, with `/`; of a process its number and name, of a volume its name. */
  where: string;
  /** Does it say of itself that this program made it? Nothing else is ever removed. */
  ours: boolean;
  why: string;
  /** Of all files in it; null where nobody measured them. */
  bytes: number | null;
}

/** Something that is stored of a recipe. */
export interface Holding {
  /** Its path below the state folder, with `/`. */
  where: string;
  what: string;
  ours: boolean;
  bytes: number | null;
}
