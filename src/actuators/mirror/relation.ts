/**
 * Is the repository that a manifest names as the mirror one of this upstream at all? Forcing a branch onto another
 * project's repository could not be undone. It is where both share a commit; and then they share the one where it all
 * began, so only the beginnings of the mirror's histories are looked for in the local mirror.
 */
import { TrialFault } from '../../reconciler/errors.ts';
import type { Manifest } from '../../reconciler/model.ts';
import { inWords, lines, mirrorGit, remoteGit, type MirrorCall, type Remote } from './calls.ts';
import { isBranch, type MirrorListing } from './refs.ts';
import { FETCH_FLAGS } from './scratch.ts';

/** Of this many branches at most the history is fetched. */
const MOST_TIPS = 20;

/** An empty mirror is fine. To be called once the local mirror holds everything that upstream has. */
export async function assertRelated(
  mirror: Remote,
  listing: MirrorListing,
  manifest: Pick<Manifest, 'upstream' | 'file'>,
  call: MirrorCall,
  scratch: MirrorCall,
): Promise<void> {
  const { refs, peeled } = listing;
  if (refs.size === 0 || (await holdsAny([...refs.values(), ...peeled], call))) return;
  if (await holdsAny(await beginnings(mirror, listing, scratch), call)) return;
  const message =
    `nothing was pushed to ${inWords(mirror)}: it is not empty, and shares no commit with upstream ` +
    manifest.upstream;
  const hint = `name the right repository in spec.mirror.url of ${manifest.file}, or empty this one`;
  throw new TrialFault('infra', 'mirror-unrelated', message, { hint });
}

/** Whatever the local mirror holds, upstream has or had. */
async function holdsAny(objects: readonly string[], call: MirrorCall): Promise<boolean> {
  const input = objects.map((object) => `${object}\n`).join('');
  const what = `look in ${call.cwd} for what the mirror has`;
  const args = ['cat-file', '--batch-check=%(objectname)'];
  const found = lines(await mirrorGit(what, args, { ...call, input }));
  const missing = objects.filter((object, index) => found[index] === `${object} missing`);
  const held = objects.filter((object, index) => found[index] === object);
  // Half an answer must not make a stranger's repository one of ours.
  if (held.length + missing.length !== objects.length) {
    throw new TrialFault('infra', 'git-failed', `could not ${what}: git did not answer for each`);
  }
  return held.length > 0;
}

async function beginnings(
  mirror: Remote,
  { refs, peeled }: MirrorListing,
  scratch: MirrorCall,
): Promise<string[]> {
  const branches = [...refs].flatMap(([ref, object]) => (isBranch(ref) ? [object] : []));
  const tips = [...new Set([...branches, ...refs.values(), ...peeled])].slice(0, MOST_TIPS);
  const what = `fetch from ${inWords(mirror)} to see whether it belongs to this upstream`;
  await remoteGit(mirror, what, ['fetch', ...FETCH_FLAGS, '--', mirror.url, ...tips], scratch);
  const args = ['rev-list', '--max-parents=0', ...tips, '--'];
  return lines(await mirrorGit(`find where ${inWords(mirror)} begins`, args, scratch));
}
