/**
 * Is a repository that a manifest names one of this recipe at all? Forcing a branch onto another project's mirror could
 * not be undone; and another project's upstream would be forced onto this one's mirror, and every tag there taken for
 * withdrawn. It is where both share a commit; and then they share the one where it all began, so only the beginnings of
 * the histories there are looked for in the local mirror.
 */
import { TrialFault } from '../../reconciler/errors.ts';
import type { Manifest } from '../../reconciler/model.ts';
import type { Work } from '../../reconciler/ports.ts';
import {
  inWords,
  lines,
  mirrorGit,
  remoteGit,
  type MirrorCall,
  type MirrorOptions,
  type Remote,
} from './calls.ts';
import type { Memory } from './memory.ts';
import { isBranch, type Listing } from './refs.ts';
import { FETCH_FLAGS, withScratch } from './scratch.ts';

/** Of this many branches at most the history is fetched. */
const MOST_TIPS = 20;

/** An empty mirror is fine. To be called once the local mirror holds everything that upstream has. */
export async function assertMirrorRelated(
  mirror: Remote,
  listing: Listing,
  manifest: Pick<Manifest, 'upstream' | 'file'>,
  call: MirrorCall,
  scratch: MirrorCall,
): Promise<void> {
  if (listing.refs.size === 0 || (await holdsAnyOf(mirror, listing, call))) return;
  if (await beginsAlike(mirror, listing, call, scratch)) return;
  const message =
    `nothing was pushed to ${inWords(mirror)}: it is not empty, and shares no commit with upstream ` +
    manifest.upstream;
  const hint = `name the right repository in spec.mirror.url of ${manifest.file}, or empty this one`;
  throw new TrialFault('infra', 'mirror-unrelated', message, { hint });
}

interface NamedUpstream {
  upstream: Remote;
  listing: Listing;
  memory: Memory;
  manifest: Pick<Manifest, 'name' | 'file'>;
}

/** To be called before anything of upstream is fetched. An upstream that moved, or was rewritten, is still the same. */
export async function assertUpstreamRelated(
  { upstream, listing, memory, manifest }: NamedUpstream,
  options: MirrorOptions,
  call: MirrorCall,
  work: Work,
): Promise<void> {
  const remembered = new Set(memory.refs.values());
  const listed = [...listing.refs.values()];
  if (remembered.size === 0 || listed.length === 0 || listed.some((object) => remembered.has(object))) return;
  if (await holdsAnyOf(upstream, listing, call)) return;
  const isAlike = await withScratch(call.cwd, options, work, (scratch) =>
    beginsAlike(upstream, listing, call, scratch),
  );
  if (isAlike) return;
  const message = `nothing was taken from ${inWords(upstream)}: it shares no commit with what was mirrored before`;
  const hint =
    `name the right repository in spec.upstream of ${manifest.file}; if another project is meant, ` +
    `de-enrol the recipe and say "reconcile forget ${manifest.name} --yes" first`;
  throw new TrialFault('infra', 'upstream-unrelated', message, { hint });
}

async function holdsAnyOf(remote: Remote, { refs, peeled }: Listing, call: MirrorCall): Promise<boolean> {
  return await holdsAny(remote, [...refs.values(), ...peeled], call);
}

/** Whatever the local mirror holds, upstream has or had. */
async function holdsAny(remote: Remote, objects: readonly string[], call: MirrorCall): Promise<boolean> {
  const input = objects.map((object) => `${object}\n`).join('');
  const what = `look in ${call.cwd} for what ${inWords(remote)} has`;
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

async function beginsAlike(
  remote: Remote,
  listing: Listing,
  call: MirrorCall,
  scratch: MirrorCall,
): Promise<boolean> {
  return await holdsAny(remote, await beginnings(remote, listing, scratch), call);
}

async function beginnings(remote: Remote, { refs, peeled }: Listing, scratch: MirrorCall): Promise<string[]> {
  const branches = [...refs].flatMap(([ref, object]) => (isBranch(ref) ? [object] : []));
  const tips = [...new Set([...branches, ...refs.values(), ...peeled])].slice(0, MOST_TIPS);
  const what = `fetch from ${inWords(remote)} to see whether it belongs to this recipe`;
  await remoteGit(remote, what, ['fetch', ...FETCH_FLAGS, '--', remote.url, ...tips], scratch);
  const args = ['rev-list', '--max-parents=0', ...tips, '--'];
  return lines(await mirrorGit(`find where ${inWords(remote)} begins`, args, scratch));
}
