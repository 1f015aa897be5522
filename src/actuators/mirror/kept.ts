/** Refs of our own in a local mirror, by which commits of generations stay reachable whatever upstream does. */
import { TrialFault } from '../../reconciler/errors.ts';
import type { Work } from '../../reconciler/ports.ts';
import { KEPT_REFS } from '../../state/layout.ts';
import { callOptions, lines, mirrorGit, type MirrorCall, type MirrorOptions } from './calls.ts';

export async function retain(
  mirror: string,
  commits: readonly string[],
  options: MirrorOptions,
  work: Work,
): Promise<void> {
  const call = callOptions(options, work, mirror);
  const existing = await keptRefs(mirror, call);
  for (const commit of new Set(commits)) {
    const ref = `${KEPT_REFS}${commit}`;
    if (existing.includes(ref) || !(await hasCommit(commit, call))) continue;
    await mirrorGit(`keep ${commit} reachable in ${mirror}`, ['update-ref', ref, commit], call);
    if ((await keptRefs(mirror, call)).includes(ref)) continue;
    const message = `${ref} was written to ${mirror} and not read back`;
    throw new TrialFault('infra', 'kept-not-read-back', message);
  }
}

export async function letGo(
  mirror: string,
  except: readonly string[],
  options: MirrorOptions,
  work: Work,
): Promise<void> {
  const call = callOptions(options, work, mirror);
  for (const ref of await keptRefs(mirror, call)) {
    if (except.includes(ref.slice(KEPT_REFS.length))) continue;
    await mirrorGit(`let go of ${ref} in ${mirror}`, ['update-ref', '-d', ref], call);
  }
}

async function keptRefs(mirror: string, call: MirrorCall): Promise<string[]> {
  const format = ['for-each-ref', '--format=%(refname)', KEPT_REFS];
  return lines(await mirrorGit(`list kept commits of ${mirror}`, format, call));
}

/**
 * A mirror that was lost and fetched anew may lack what upstream no longer has. Git is asked so that it succeeds either
 * way: a git that fails is not one that found nothing.
 */
export async function hasCommit(commit: string, call: MirrorCall): Promise<boolean> {
  const args = ['rev-list', '--no-walk', '--ignore-missing', commit, '--'];
  const found = (await mirrorGit(`find ${commit}`, args, call)).trim();
  if (found === '' || found === commit) return found !== '';
  throw new TrialFault(
    'infra',
    'git-failed',
    `could not find ${commit}: git answers ${JSON.stringify(found)}`,
  );
}
