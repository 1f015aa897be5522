/** What the tests of listing refs share: how the two ways to ask are put to the same question. */
import { gitLister } from '../../src/remotes/git-lister.ts';
import type { RefLister } from '../../src/remotes/lister.ts';
import { remoteLister } from '../../src/remotes/remote-lister.ts';
import { remoteRefs } from '../../src/remotes/remote-refs.ts';
import type { RemoteRefs } from '../../src/reconciler/model.ts';

export const ASKING = { signal: new AbortController().signal, concurrency: 16 };

export const byGit = (): RefLister => gitLister({ mark: 'test', timeoutMs: 20_000 });

export interface HostChange {
  host: string;
  down: boolean;
  why: string;
}

export function anyWay(
  options: { timeoutMs?: number; onChange?: (change: HostChange) => void } = {},
): RefLister {
  const onChange = options.onChange ?? (() => undefined);
  return remoteLister({ mark: 'test', timeoutMs: options.timeoutMs ?? 20_000, onChange });
}

/** Sorted and without the answer's digest, so that two ways of asking compare. */
export async function refsBy(
  lister: RefLister,
  url: string,
  branch: string | null = null,
): Promise<RemoteRefs> {
  const refs = remoteRefs(await lister.list({ url, login: null, branch }, ASKING), branch);
  return { branch: refs.branch, tags: refs.tags.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}
