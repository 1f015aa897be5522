/** Decisions: what to do about a recipe now, why, and with everything that doing it takes. */
import type { Manifest, ReleaseRef } from './desired.ts';
import type { HeldByTag, ImageRecord, VolumeRecord } from './observed.ts';

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
  /** The one that says now where its upstream is. */
  source: Manifest;
}

interface BaseRelease {
  version: string;
  commit: string;
  /** The manifest it was promoted with; the current one where that is not known. */
  manifest: Manifest;
}

export interface BaseGeneration extends BaseRelease {
  generation: number;
  folder: string;
  stack: string;
  volumes: readonly VolumeRecord[];
}

/** What the script that this program replaces left of an adopted canonical: volumes, of which nothing was recorded. */
export interface AdoptedBase extends BaseRelease {
  generation: null;
  volumes: readonly string[];
}

/** What a trial upgrades from. */
export type Base = BaseGeneration | AdoptedBase;

/** What a trial is to do, complete: deciding it took every reading, running it takes only this. */
export interface TrialPlan {
  kind: DriftKind;
  target: ReleaseRef;
  base: Base | null;
  /** In deployment order, dependencies of dependencies included. */
  dependencies: readonly DependencyPlan[];
  /** Generations that stay beside the new canonical, newest first. */
  keep: readonly { generation: number; commit: string }[];
  /** What the canonical ran from when it was promoted: the same names may stand for something else by now. */
  images: readonly ImageRecord[];
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
  /** A digest of the manifest that it was decided by; null where there is none. */
  observedGeneration: string | null;
  /** Present when, and only when, the decision is to act. */
  plan: TrialPlan | null;
}
