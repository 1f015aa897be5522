/**
 * One sync: upstream is listed, what is new is fetched, the team's mirror is brought in line, and only then is the local
 * mirror's own account of upstream changed. So whatever fails in between, the next sync still knows what upstream had.
 */
import { TrialFault } from '../../reconciler/errors.ts';
import type { Manifest, Rewrite, SyncReport } from '../../reconciler/model.ts';
import type { SyncRequest, Work } from '../../reconciler/ports.ts';
import {
  callOptions,
  inWords,
  remoteGit,
  remoteOf,
  type MirrorCall,
  type MirrorOptions,
  type Remote,
} from './calls.ts';
import type { Removal } from './difference.ts';
import { recall, settle, type Memory } from './memory.ts';
import { ensureLocal } from './local.ts';
import { isTag, listUpstream, tagRef, type Refs } from './refs.ts';
import { bringInLine, type InLine } from './remote.ts';
import { assertUpstreamRelated } from './relation.ts';
import { findRewrites, rewriteInWords } from './rewrites.ts';
import { FETCH_FLAGS } from './scratch.ts';

export async function sync(
  { manifest, named }: SyncRequest,
  options: MirrorOptions,
  work: Work,
): Promise<SyncReport> {
  const local = await ensureLocal(manifest.name, options, work);
  const call = callOptions(options, work, local);
  const upstream: Remote = { side: 'upstream', url: manifest.upstream, login: manifest.login };
  const listing = await listUpstream(upstream, manifest, call, work);
  const wanted = listing.refs;
  const memory = await recall(call);
  await assertUpstreamRelated({ upstream, listing, memory, manifest }, options, call, work);
  assertTagsRemain(upstream, wanted, memory);
  await fetchNew(upstream, wanted, memory, call, work);
  const rewrites = await findRewrites(memory.refs, wanted, call);
  for (const rewrite of rewrites) work.log.note(rewriteInWords(rewrite));
  const { foreignTags, removals } = await syncRemote({ manifest, wanted, memory }, options, call, work);
  await settle(memory, new Map([...wanted, ...stillNamed(named, wanted, memory, work)]), call);
  return { rewrites: [...rewrites, ...unreported(removals, rewrites)], foreignTags };
}

/** What a sync that failed had pushed already, and upstream withdrew before it was remembered. */
function unreported(removals: readonly Removal[], rewrites: readonly Rewrite[]): Rewrite[] {
  const reported = new Set(rewrites.map(({ ref }) => ref));
  return removals.filter(({ ref }) => !reported.has(ref));
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

/** Tags that upstream withdrew though the record stands on them. */
function stillNamed(
  names: readonly string[],
  wanted: Refs,
  { refs }: Memory,
  work: Work,
): [string, string][] {
  return names.map(tagRef).flatMap((ref): [string, string][] => {
    const object = refs.get(ref);
    if (object === undefined || wanted.has(ref)) return [];
    work.log.note(`the local mirror keeps ${ref}, as a generation that is kept was made of it`);
    return [[ref, object]];
  });
}

async function syncRemote(
  what: { manifest: Manifest; wanted: Refs; memory: Memory },
  options: MirrorOptions,
  call: MirrorCall,
  work: Work,
): Promise<InLine> {
  const { mirror } = what.manifest;
  if (mirror === null) return { foreignTags: [], removals: [] };
  return await bringInLine({ ...what, mirror: remoteOf(mirror) }, options, call, work);
}
