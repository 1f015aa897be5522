/**
 * How the team's mirror of a recipe differs from upstream: a drift of its own, beside the one of the canonical. It is
 * compared at each look, by tags' own objects; so what somebody did to the mirror is found as well as what upstream did.
 *
 * A tag that only the mirror has is people's, or upstream withdrew it. A sync can tell, and so it counts as different
 * until one has said that it is people's.
 */
import { crowdedOut } from './mirrored-names.ts';
import type { RecipeMemory, RemoteRefs } from './model.ts';
import { isTagName } from './releases.ts';
import type { RecipeView } from './view.ts';

/** The names of refs that the mirror lacks, has otherwise, or alone has, for a reason that is not known yet. */
export function mirrorDrift(upstream: RemoteRefs, mirror: RemoteRefs, memory: RecipeMemory): string[] {
  const differing: string[] = [];
  const { branch } = upstream;
  if (branch !== null && mirror.branch?.commit !== branch.commit) differing.push(branch.name);
  const left = new Map(mirror.tags.map((tag) => [tag.name, tag.object]));
  // A name that git cannot hold never reaches any mirror.
  const possible = upstream.tags.filter(({ name }) => isTagName(name));
  const crowded = crowdedOut(possible.map(({ name }) => name));
  for (const { name, object } of possible) {
    if (crowded.has(name)) continue;
    if (left.get(name) !== object) differing.push(name);
    left.delete(name);
  }
  const peoples = new Set(memory.mirror?.foreignTags);
  return [...differing, ...[...left.keys()].filter((name) => !peoples.has(name) && isTagName(name))];
}

/** What there is to say of a recipe's mirror; null where its manifest names none, or nobody is to look after it. */
export interface MirrorState {
  state: 'equal' | 'differs' | 'unreadable';
  message: string;
}

const NAMES_SHOWN = 3;

export function mirrorState({ manifest, refs, mirror, memory }: RecipeView): MirrorState | null {
  if (manifest === null || manifest.mirror === null || mirror === null) return null;
  const { url } = manifest.mirror;
  if (!mirror.readable) return { state: 'unreadable', message: mirror.why };
  if (refs === null || !refs.readable || !memory.readable) return null;
  if (manifest.branch !== null && refs.value.branch === null) {
    const message = `upstream has no branch ${manifest.branch}, which spec.branch of ${manifest.file} names`;
    return { state: 'differs', message };
  }
  const differing = mirrorDrift(refs.value, mirror.value, memory.value);
  if (differing.length === 0) return { state: 'equal', message: `${url} equals upstream` };
  return { state: 'differs', message: `${url} differs from upstream in ${listed(differing)}` };
}

function listed(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
}
