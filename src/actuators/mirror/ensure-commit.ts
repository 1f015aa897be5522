/**
 * The mirror of a dependency in somebody else's trial, which does not sync it. A mirror that was lost since its own recipe
 * was on trial is fetched anew. What a mirror does remember stays as it is: the recipe's own next sync is to find what
 * upstream moved or withdrew meanwhile, and to bring the team's mirror in line with that.
 */
import { describe, Fenced, TrialEnded, TrialFault } from '../../reconciler/errors.ts';
import type { Manifest } from '../../reconciler/model.ts';
import type { Work } from '../../reconciler/ports.ts';
import { callOptions, type MirrorCall, type MirrorOptions } from './calls.ts';
import { fetchUpstream } from './fetch.ts';
import { hasCommit, retain } from './kept.ts';
import { ensureLocal } from './local.ts';
import { settle } from './memory.ts';

export async function ensureCommit(
  manifest: Manifest,
  commit: string,
  options: MirrorOptions,
  work: Work,
): Promise<void> {
  const local = await ensureLocal(manifest.name, options, work);
  const call = callOptions(options, work, local);
  if (await hasCommit(commit, call)) return;
  work.log.note(`the local mirror of ${manifest.name} lacks ${commit}, which is fetched from upstream`);
  try {
    await fetchCommit(manifest, commit, options, call, work);
  } catch (error) {
    if (error instanceof Fenced || error instanceof TrialEnded || work.signal.aborted) throw error;
    throw new TrialFault('infra', 'mirror-incomplete', inWords(manifest, commit, error), { cause: error });
  }
  await retain(local, [commit], options, work);
}

async function fetchCommit(
  manifest: Manifest,
  commit: string,
  options: MirrorOptions,
  call: MirrorCall,
  work: Work,
): Promise<void> {
  const { wanted, memory } = await fetchUpstream(manifest, options, call, work);
  // An upstream without it may be another project's: of such a one nothing is remembered.
  if (!(await hasCommit(commit, call)))
    throw new Error(`upstream ${manifest.upstream} does not have it either`);
  const wasLost = memory.refs.size + memory.offered.length === 0;
  if (wasLost) await settle(memory, wanted, call);
}

function inWords({ name }: Manifest, commit: string, error: unknown): string {
  return `the local mirror of ${name} lacks ${commit}, and it could not be fetched: ${describe(error)}`;
}
