/** What the loop tells whoever logs, counts and shows. One list, so that all three say the same. */
import type { Leftover, Pause, Reading } from '../model.ts';
import type { PassResult } from '../pass.ts';
import type { Row } from '../report.ts';
import type { TrialEvent } from '../trial-run.ts';
import type { Source } from '../unread.ts';

export type LoopEvent =
  | Looked
  /** Nothing is left that has its name: no manifest, no record. */
  | { type: 'gone'; recipe: string }
  | { type: 'trial'; reconcile: string; event: TrialEvent }
  | FleetChanged
  | RoundEnded
  | Trouble;

/** A look at one recipe ended with a decision. */
export interface Looked {
  type: 'looked';
  /** Names this look: every line about it carries it. */
  reconcile: string;
  row: Row;
  /** What the row was before; null where this is the first. */
  before: Row | null;
  /** Whether anything that a person would call news differs: a repeated look at an unchanged recipe says nothing. */
  isNews: boolean;
  /** What could not be read. */
  unread: readonly Source[];
  /** Syncing its mirror was tried since the look before, and failed. */
  mirrorFailed: boolean;
}

/** What holds for the whole fleet is not what it was. */
export interface FleetChanged {
  type: 'fleet-changed';
  /** Of the Reconciler document, those that differ. */
  keys: readonly string[];
  /** In force now; null where none is. */
  freeze: Pause | null;
}

/** Every recipe was looked at since the last one. */
export interface RoundEnded {
  type: 'round-ended';
  result: PassResult;
  /** Whether it could be stored. */
  isStored: boolean;
  strays: Reading<readonly Leftover[]>;
}

/** Something that a person may have to mend, or that explains what they see. Constant text, with fields. */
export interface Trouble {
  type: 'trouble';
  level: 'info' | 'warn' | 'error';
  message: string;
  fields: Readonly<Record<string, unknown>>;
}
