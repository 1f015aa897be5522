/**
 * How the team's mirror of a recipe differs from upstream: a drift of its own, beside the one of the canonical. It is
 * compared at each look, by tags' own objects; so what somebody did to the mirror is found as well as what upstream did.
 *
 * Tags that only the mirror has are people's, and left alone; unless upstream once showed them, at that very commit:
 * then upstream withdrew them.
 */
import type { RecipeMemory, RemoteRefs, Tag } from './model.ts';
import { own } from './own.ts';
import type { RecipeView } from './view.ts';

interface MirrorDrift {
  /** Names of refs that the mirror lacks, has otherwise, or has though upstream withdrew them. */
  differing: readonly string[];
  /** Names of tags that are people's. */
  foreign: readonly string[];
}

export function mirrorDrift(upstream: RemoteRefs, mirror: RemoteRefs, memory: RecipeMemory): MirrorDrift {
  const differing: string[] = [];
  const { branch } = upstream;
  if (branch !== null && mirror.branch?.commit !== branch.commit) differing.push(branch.name);
  const left = new Map(mirror.tags.map((tag) => [tag.name, tag]));
  for (const { name, object } of upstream.tags) {
    if (left.get(name)?.object !== object) differing.push(name);
    left.delete(name);
  }
  const foreign: string[] = [];
  for (const tag of left.values()) (isWithdrawn(tag, memory) ? differing : foreign).push(tag.name);
  return { differing, foreign };
}

function isWithdrawn({ name, commit }: Tag, { firstSeen, mirror }: RecipeMemory): boolean {
  if (mirror?.foreignTags.includes(name) === true) return false;
  return (own(firstSeen, name) ?? []).some((sighting) => sighting.commit === commit);
}

/** What there is to say of a recipe's mirror; null where its manifest names none, or nobody is to look after it. */
export interface MirrorState {
  state: 'equal' | 'differs' | 'unreadable';
  message: string;
  foreign: readonly string[];
}

const NAMES_SHOWN = 3;

export function mirrorState({ manifest, refs, mirror, memory }: RecipeView): MirrorState | null {
  if (manifest === null || manifest.mirror === null || mirror === null) return null;
  const { url } = manifest.mirror;
  if (!mirror.readable) return { state: 'unreadable', message: mirror.why, foreign: [] };
  if (refs === null || !refs.readable || !memory.readable) return null;
  const { differing, foreign } = mirrorDrift(refs.value, mirror.value, memory.value);
  if (differing.length === 0) return { state: 'equal', message: `${url} equals upstream`, foreign };
  return { state: 'differs', message: `${url} differs from upstream in ${listed(differing)}`, foreign };
}

function listed(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
}
