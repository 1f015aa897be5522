/**
 * One sync: upstream is listed, what is new is fetched, the team's mirror is brought in line, and only then is the local
 * mirror's own account of upstream changed. So whatever fails in between, the next sync still knows what upstream had.
 */
import type { Manifest, Rewrite, SyncReport } from '../../reconciler/model.ts';
import type { SyncRequest, Work } from '../../reconciler/ports.ts';
import { callOptions, remoteOf, type MirrorCall, type MirrorOptions } from './calls.ts';
import type { Removal } from './difference.ts';
import { fetchUpstream } from './fetch.ts';
import { ensureLocal } from './local.ts';
import { settle, type Memory } from './memory.ts';
import { tagRef, type Refs } from './refs.ts';
import { bringInLine, type InLine } from './remote.ts';
import { findRewrites, rewriteInWords } from './rewrites.ts';

export async function sync(
  { manifest, named }: SyncRequest,
  options: MirrorOptions,
  work: Work,
): Promise<SyncReport> {
  const local = await ensureLocal(manifest.name, options, work);
  const call = callOptions(options, work, local);
  const { wanted, memory } = await fetchUpstream(manifest, options, call, work);
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
