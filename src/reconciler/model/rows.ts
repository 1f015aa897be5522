/** What a pass, a plan and a status say of one recipe. */
import type { DecisionKind, DriftKind, Reason } from './decisions.ts';
import type { Pause, ReleaseRef } from './desired.ts';
import type { Leftover, RecipeMemory } from './observed.ts';
import type { StepName, Verdict } from './trials.ts';

export interface RowTrial {
  id: string;
  verdict: Verdict | null;
  /** The failing step; null where none failed. */
  step: StepName | null;
  message: string | null;
  promoted: boolean;
}

export interface RowMirror {
  url: string;
  /** `unread`: upstream did not say what it should hold. */
  state: 'equal' | 'differs' | 'unreadable' | 'failing' | 'unread';
  /** Of a sync that failed: a stable word, such as `mirror-refused`; null where none did in this pass. */
  reason: string | null;
  message: string;
  /** Is it to be made equal to upstream, by this pass or the next? */
  due: boolean;
  /** Since when it cannot be kept equal to upstream; null while it can. */
  failingSince: string | null;
  /** Why not every pull request could be looked after; null where all were, or none are to be. */
  pullRequests: string | null;
}

export interface Row {
  recipe: string;
  decision: DecisionKind;
  drift: DriftKind | null;
  reason: Reason;
  message: string;
  latest: ReleaseRef | null;
  canonical: { version: string; commit: string; generation: number | null } | null;
  after: readonly string[];
  nextAt: string | null;
  acted: boolean;
  trial: RowTrial | null;
  /** The team's own mirror; null where its manifest names none. */
  mirror: RowMirror | null;
  /** In force, whatever the decision is. */
  suspended: Pause | null;
  /** When a suspension that its manifest still names ended by itself; null where none did. */
  suspensionEnded: string | null;
  driftSince: string | null;
  /** When its canonical was promoted, as the record says. */
  promotedAt: string | null;
  /** What the last trial that ended found. */
  lastVerdict: RecipeMemory['lastVerdict'];
  /** How many things of its canonical are missing, or not as they were promoted. */
  damage: number;
  /** Of all its generations together: what their files hold, and what the file system gave out for that. */
  bytes: number;
  allocatedBytes: number;
  notes: readonly string[];
  /** What of it nobody accounts for; null where that could not be read. */
  leftovers: readonly Leftover[] | null;
  observedAt: string;
}
