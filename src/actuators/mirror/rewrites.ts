/** What upstream had otherwise when it was mirrored last: what people built on may be gone, so they are told. */
import type { Rewrite } from '../../reconciler/model.ts';
import { askMirrorGit, type MirrorCall } from './calls.ts';
import { isBranch, isTag, type Refs } from './refs.ts';

/** To be called once the new objects are there. */
export async function findRewrites(before: Refs, wanted: Refs, call: MirrorCall): Promise<Rewrite[]> {
  const rewrites: Rewrite[] = [];
  const [branch] = [...wanted].filter(([ref]) => isBranch(ref));
  for (const [ref, from] of before) {
    const to = wanted.get(ref) ?? null;
    if (from === to) continue;
    // A branch that was renamed lost nothing.
    if (isTag(ref) || branch === undefined || !(await isPartOf(from, branch[1], call))) {
      rewrites.push({ ref, from, to });
    }
  }
  return rewrites;
}

async function isPartOf(old: string, tip: string, call: MirrorCall): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', old, tip];
  return (await askMirrorGit(`compare ${old} with ${tip}`, args, call, [0, 1])).exitCode === 0;
}

export function rewriteInWords({ ref, from, to }: Rewrite): string {
  if (to === null) return `upstream has ${ref} no more; it was ${from}`;
  return isTag(ref)
    ? `upstream moved ${ref} from ${from} to ${to}`
    : `upstream rewrote ${ref}: ${from} is no part of ${to}`;
}
