/** What keeping mirrors equal to upstream brings to light. */

/** Something that upstream had otherwise when it was mirrored last. */
export interface Rewrite {
  /** In full, such as `refs/tags/1.0.0+1`. */
  ref: string;
  /** The objects that it named and names. */
  from: string;
  /** Null where upstream has it no more. */
  to: string | null;
}

export interface SyncReport {
  /** A branch that lost commits, tags that moved, tags that vanished. */
  rewrites: readonly Rewrite[];
  /** Tags of the remote mirror that upstream never had, as far as is known: people's, and left alone. */
  foreignTags: readonly string[];
}

export interface PullRequestReport {
  /** Those that would have changed nothing any more, and were closed. */
  closed: readonly number[];
  /** Why not every one could be looked after; null where all were. */
  trouble: string | null;
}
