/** Audits: what is found when no record and no log is believed, and the claims that it upholds or does not. */
import type { Manifest, RemoteRefs } from './desired.ts';
import type { CanonicalRecord, GenerationDocument, Leftover } from './observed.ts';
import type { Reading } from './reading.ts';
import type { TrialRecord } from './trials.ts';

/**
 * What became of one thing that a generation should hold.
 *
 * - `touched`: times differ from those of its promotion, its contents do not
 * - `corrupted`: its contents differ, and nothing but reading them shows it
 * - `exposed`: others than its owner may get at it
 * - `unnamed`: it is there, and nothing says that it should be
 */
export type ThingState =
  'intact' | 'touched' | 'missing' | 'changed' | 'corrupted' | 'exposed' | 'unnamed' | 'unreadable';

export interface Finding {
  kind: 'volume' | 'secret' | 'other';
  /** The name of a volume or secret, the path of anything else. */
  name: string;
  state: ThingState;
  why: string | null;
  /** What to do, where the driver knows better than to build it anew. */
  hint: string | null;
}

/** A folder among a recipe's trials; a null trial: it holds no `trial.json`. */
export interface StoredTrial {
  id: string;
  trial: Reading<TrialRecord | null>;
}

/** A folder among a recipe's generations, as its own document describes it; null: it holds no `generation.json`. */
export interface StoredGeneration {
  generation: number;
  folder: string;
  document: Reading<GenerationDocument | null>;
  /** The manifest it was promoted with; null where it is not known or this program no longer reads it. */
  manifest: Manifest | null;
}

/** What git says of a recipe's local mirror. */
export interface MirrorFacts {
  /** The peeled commit of the tag that was asked for; null where there is no such tag. */
  tagCommit: string | null;
  /** Of each commit that was asked for: is it there, and kept reachable whatever upstream does? */
  commits: Readonly<Record<string, 'kept' | 'unkept' | 'missing'>>;
}

export interface ExaminedGeneration extends StoredGeneration {
  /** Null where another driver made it, whose volumes this program cannot look at. */
  findings: readonly Finding[] | null;
}

/** Everything about one canonical that does not have to be believed. */
export interface AuditEvidence {
  recipe: string;
  /** Do passes act on it? */
  enrolled: boolean;
  /** Was everything read, or what is cheap to read? */
  deep: boolean;
  record: Reading<CanonicalRecord | null>;
  /** Null where neither a manifest nor a stored one says where upstream is. */
  upstream: { url: string; refs: Reading<RemoteRefs> } | null;
  /** Null where there is no mirror. */
  mirror: Reading<MirrorFacts | null>;
  trials: Reading<readonly StoredTrial[]>;
  /** What the record names, canonical first. */
  generations: readonly ExaminedGeneration[];
  leftovers: Reading<readonly Leftover[]>;
}

/**
 * - `unchecked`: something could not be read, so nobody knows; that does not hold
 * - `unclaimed`: an adopted record never said so; there is nothing to hold
 */
export type ClaimOutcome = 'ok' | 'wrong' | 'unchecked' | 'unclaimed';

export interface Claim {
  /** A stable word for machines, such as `release` or `volume`. */
  about: string;
  /** What is claimed, in words. */
  claim: string;
  outcome: ClaimOutcome;
  /** What was found instead, or why nothing could be; besides, what is worth saying though the claim holds. */
  found: string | null;
  /** What to do about it, a command where there is one. */
  hint: string | null;
}
