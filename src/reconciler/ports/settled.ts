/** What passes remember of recipes that are settled, and whether that still holds. */
import type { Fleet, Settled, Trace, TrialRecord, CanonicalRecord, ObservedGeneration } from '../model.ts';

/** Never throws: what is odd in any way is not known, and so is looked at. */
export interface SettledRecipes {
  /** By name, what was remembered under these very manifests by this very program; nothing from the future of `now`. */
  recall(fleet: Fleet, now: Date): Promise<ReadonlyMap<string, Settled>>;
  /**
   * Is all that lies in the state folder of a recipe as it was, its volumes included? `atWork`: whether somebody holds the
   * lease; where nobody does, what a killed git left behind must not be there either.
   */
  isUnchanged(recipe: string, trace: Trace, atWork: boolean): Promise<boolean>;
  /**
   * What there is to remember of what was read; null where any of it was changed so shortly before `since`, or later, that
   * the next change might look the same.
   */
  trace(read: ReadOfRecipe, since: Date): Promise<Trace | null>;
  /** A moment that just passed, by the clock of the file system; null where none can be told. */
  lately(): Date | null;
}

export interface ReadOfRecipe {
  record: CanonicalRecord;
  generations: readonly ObservedGeneration[];
  trials: readonly TrialRecord[];
}
