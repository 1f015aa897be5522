/**
 * A repository for a moment, which borrows the objects of a local mirror. What is fetched to be looked at goes there: the
 * mirror itself never holds an object that upstream did not have, so whatever it holds is proof that upstream had it. And
 * it has next to no refs, with each of which git compares each one that is pushed.
 */
import type { Work } from '../../reconciler/ports.ts';
import { callOptions, mirrorGit, type MirrorCall, type MirrorOptions } from './calls.ts';

export async function withScratch<T>(
  mirror: string,
  options: MirrorOptions,
  work: Work,
  use: (call: MirrorCall) => Promise<T>,
): Promise<T> {
  const folder = await options.term.makeFolder('mirror-scratch');
  try {
    const call = callOptions(options, work, folder);
    const args = ['clone', '--quiet', '--bare', '--shared', '--no-tags', '--', mirror, '.'];
    await mirrorGit(`borrow the objects of ${mirror}`, args, call);
    return await use(call);
  } finally {
    await options.term.discard(folder);
  }
}

/** For fetching objects without writing any ref. */
export const FETCH_FLAGS = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
