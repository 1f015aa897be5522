/** Out of the local mirror comes what is tested: exactly the commit that was asked for. */
import { dirname } from 'node:path';
import { NOT_A_COMMIT, TrialFault } from '../../reconciler/errors.ts';
import type { Work } from '../../reconciler/ports.ts';
import { callOptions, mirrorGit, type MirrorOptions } from './calls.ts';

export async function checkout(
  mirror: string,
  commit: string,
  folder: string,
  options: MirrorOptions,
  work: Work,
) {
  const call = callOptions(options, work, mirror);
  const flags = ['--quiet', '--shared', '--no-checkout', '--no-tags'];
  // From within the folder above, which git would make anew were it gone.
  const above = { ...call, cwd: dirname(folder) };
  await mirrorGit(`make a checkout from ${mirror}`, ['clone', ...flags, '--', mirror, folder], above);
  const inside = { ...call, cwd: folder };
  const type = (await mirrorGit(`find ${commit}`, ['cat-file', '-t', commit], inside)).trim();
  // That there is no release behind a tag is remembered for ever: so only on these words, and not on half of one.
  if (['tree', 'blob', 'tag'].includes(type)) {
    throw new TrialFault('infra', NOT_A_COMMIT, `the tag names ${commit}, which is a ${type} and no commit`);
  }
  if (type !== 'commit') {
    throw new TrialFault('infra', 'git-failed', `could not find ${commit}: git says that it is a "${type}"`);
  }
  await mirrorGit(
    `check out ${commit}`,
    ['checkout', '--quiet', '--force', '--detach', commit, '--'],
    inside,
  );
  const head = (await mirrorGit(`read HEAD of ${folder}`, ['rev-parse', '--verify', 'HEAD'], inside)).trim();
  if (head !== commit) {
    throw new TrialFault('infra', 'checkout-mismatch', `HEAD of the checkout is ${head}, expected ${commit}`);
  }
  work.log.note(`checked out ${commit}`);
}
