/**
 * Everything that upstream has, brought into the local mirror as objects. No ref is written: what upstream is remembered to
 * have had stays as it is until whoever fetched says otherwise.
 */
import { TrialFault } from '../../reconciler/errors.ts';
import type { Manifest } from '../../reconciler/model.ts';
import type { Work } from '../../reconciler/ports.ts';
import { inWords, remoteGit, type MirrorCall, type MirrorOptions, type Remote } from './calls.ts';
import { recall, type Memory } from './memory.ts';
import { isTag, listUpstream, type Refs } from './refs.ts';
import { assertUpstreamRelated } from './relation.ts';
import { FETCH_FLAGS } from './scratch.ts';

export interface Fetched {
  /** What upstream has now. */
  wanted: Refs;
  /** What it had. */
  memory: Memory;
}

export async function fetchUpstream(
  manifest: Manifest,
  options: MirrorOptions,
  call: MirrorCall,
  work: Work,
): Promise<Fetched> {
  const upstream: Remote = { side: 'upstream', url: manifest.upstream, login: manifest.login };
  const listing = await listUpstream(upstream, manifest, call, work);
  const wanted = listing.refs;
  const memory = await recall(call);
  await assertUpstreamRelated({ upstream, listing, memory, manifest }, options, call, work);
  assertTagsRemain(upstream, wanted, memory);
  await fetchNew(upstream, wanted, memory, call, work);
  return { wanted, memory };
}

/** Fetching would let go of every release that the mirror holds, on the word of an answer that may be wrong. */
function assertTagsRemain(upstream: Remote, wanted: Refs, { refs }: Memory): void {
  if ([...wanted.keys()].some(isTag) || ![...refs.keys()].some(isTag)) return;
  const message = `${inWords(upstream)} shows no tags at all, though it had some when it was mirrored last`;
  throw new TrialFault('infra', 'tags-vanished', message);
}

/** Objects by name, as they were listed: so that nothing that upstream does meanwhile comes in. */
async function fetchNew(
  upstream: Remote,
  wanted: Refs,
  { refs }: Memory,
  call: MirrorCall,
  work: Work,
): Promise<void> {
  const changed = [...wanted].filter(([ref, object]) => refs.get(ref) !== object);
  if (changed.length === 0) {
    work.log.note(`the local mirror already has all of ${inWords(upstream)}`);
    return;
  }
  const input = [...new Set(changed.map(([, object]) => object))].map((object) => `${object}\n`).join('');
  const args = ['fetch', ...FETCH_FLAGS, '--stdin', '--', upstream.url];
  await remoteGit(upstream, `fetch from ${inWords(upstream)}`, args, { ...call, input });
  work.log.note(`fetched ${changed.length} branches and tags from ${inWords(upstream)}`);
}
