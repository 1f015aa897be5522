/**
 * What must change on the team's mirror, decided purely. Upstream decides about its branch and its tags; everything
 * else there is people's. Only a tag that upstream lacks needs more than a look: it is upstream's and withdrawn where
 * upstream once had it at exactly that object, and otherwise somebody made it on the mirror.
 */
import { isTag, tagName, type Refs } from './refs.ts';

export interface Change {
  ref: string;
  /** As the mirror was found; null where it has no such ref. */
  from: string | null;
  /** Null where the ref must go. */
  to: string | null;
}

/** Of a tag that upstream withdrew. */
export interface Removal extends Change {
  from: string;
  to: null;
}

export interface Difference {
  updates: readonly Change[];
  removals: readonly Removal[];
  /** Names of tags that upstream never had. */
  foreignTags: readonly string[];
}

export type OnceUpstream = (ref: string, object: string) => boolean;

export function difference(wanted: Refs, found: Refs, onceUpstream: OnceUpstream): Difference {
  const updates = [...wanted]
    .map(([ref, to]) => ({ ref, from: found.get(ref) ?? null, to }))
    .filter(({ from, to }) => from !== to);
  const besides = [...found].filter(([ref]) => isTag(ref) && !wanted.has(ref));
  const removals = besides
    .filter(([ref, object]) => onceUpstream(ref, object))
    .map(([ref, from]) => ({ ref, from, to: null }));
  const foreign = besides.filter(([ref, object]) => !onceUpstream(ref, object));
  return { updates, removals, foreignTags: foreign.map(([ref]) => tagName(ref)) };
}

export function isNothing({ updates, removals }: Difference): boolean {
  return updates.length === 0 && removals.length === 0;
}
