/** Lists refs by `git ls-remote`: over whatever transport a URL names, at the price of a process or two. */
import { withDeadline } from '../deadline.ts';
import { git } from '../git.ts';
import type { RefLister, RefQuery } from './lister.ts';
import { readRefListing } from './ref-listing.ts';

export interface GitListerOptions {
  /** Stands in the environment of every git that is started. */
  mark: string;
  /** Every git inherits it open; none where nothing may be written. */
  lifeline?: string;
  /** Deadline of each call. */
  timeoutMs: number;
}

export function gitLister(options: GitListerOptions): RefLister {
  return {
    list: async ({ url, branch }, { signal }) => {
      const branches = branch === null ? [] : [`refs/heads/${branch}`];
      const args = ['ls-remote', '--quiet', '--symref', '--', url, 'HEAD', ...branches, 'refs/tags/*'];
      const answer = await git(`list the refs of ${url}`, args, { ...options, signal });
      const listing = readRefListing(answer, url);
      if (listing.objects.size === 0) await assertSpeaksGit(url, { ...options, signal });
      return listing;
    },
  };
}

/**
 * To git, a web server that answers with nothing is a repository with nothing in it. That would be taken for a recipe
 * that was never released, so the answer's own type decides.
 */
async function assertSpeaksGit(
  url: RefQuery['url'],
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  if (!/^https?:/.test(url)) return;
  const asked = `${url.replace(/\/+$/, '')}/info/refs?service=git-upload-pack`;
  const type = await withDeadline(timeoutMs, signal, async (stop) => {
    const answer = await fetch(asked, { signal: stop });
    await answer.body?.cancel();
    return answer.headers.get('content-type') ?? 'nothing';
  });
  if (type.startsWith('application/x-git-upload-pack-advertisement')) return;
  throw new Error(`could not list the refs of ${url}: it answers, but not as a git server does (${type})`);
}
