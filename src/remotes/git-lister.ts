/** Lists refs by `git ls-remote`: over whatever transport a URL names, at the price of a process or two. */
import { withDeadline } from '../deadline.ts';
import { git } from '../git.ts';
import { TrialFault } from '../reconciler/errors.ts';
import { authorizationOf, withoutSecrets } from '../tokens.ts';
import { hostOf } from './host-of.ts';
import { HostFailure } from './hosts.ts';
import type { Lifelines } from '../state/lifelines.ts';
import type { RefLister, RefQuery } from './lister.ts';
import { isProxySet } from './proxies.ts';
import { answerOf, readRefListing } from './ref-listing.ts';

export interface GitListerOptions {
  /** Stands in the environment of every git that is started. */
  mark: string;
  /** Every git inherits one of these open; none where nothing may be written. */
  lifelines?: Lifelines;
  /** Deadline of each call. */
  timeoutMs: number;
}

export function gitLister(options: GitListerOptions): RefLister {
  return {
    list: async ({ url, login, branch }, { signal }) => {
      const branches = branch === null ? [] : [`refs/heads/${branch}`];
      const args = ['ls-remote', '--quiet', '--symref', '--', url, 'HEAD', ...branches, 'refs/tags/*'];
      const call = { ...options, signal, access: { url, login }, listsOnly: true };
      const answer = await git(`list the refs of ${url}`, args, call).catch((error: unknown) => {
        throw ofHost(error, url);
      });
      const listing = readRefListing(answer, url);
      if (listing.objects.size === 0) await assertSpeaksGit({ url, login }, { ...options, signal });
      return { ...listing, answer: answerOf(answer, 'utf8') };
    },
  };
}

/** In whatever words git, curl and ssh have for a host that cannot be reached. */
const UNREACHABLE =
  /Could not resolve (host|proxy)|Failed to connect|Connection (refused|timed out)|timed out|No route to host|Network is unreachable/i;

/** And for one that ends a conversation in the middle. */
const BROKEN_OFF = /Connection (reset|closed)|unexpected disconnect/i;

function ofHost(error: unknown, url: string): unknown {
  if (!(error instanceof TrialFault) || hostOf(url) === null) return error;
  const words = error.message.replace(`could not list the refs of ${url}: `, '');
  if (error.reason === 'git-timeout' || UNREACHABLE.test(words)) return new HostFailure(words, 'unreachable');
  return BROKEN_OFF.test(words) ? new HostFailure(words, 'answered-badly') : error;
}

/**
 * To git, a web server that answers with nothing is a repository with nothing in it. That would be taken for a recipe
 * that was never released, so the answer's own type decides. Through a proxy it cannot be asked for from here: git's word
 * counts.
 */
async function assertSpeaksGit(
  { url, login }: Pick<RefQuery, 'url' | 'login'>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  if (!/^https?:/.test(url) || isProxySet()) return;
  const asked = `${url.replace(/\/+$/, '')}/info/refs?service=git-upload-pack`;
  const authorization = login === null ? null : await authorizationOf(login);
  const type = await withDeadline(timeoutMs, signal, async (stop) => {
    const answer = await fetch(asked, {
      headers: authorization === null ? {} : { authorization: authorization.header },
      // The token goes to that one server.
      redirect: authorization === null ? 'follow' : 'manual',
      signal: stop,
    });
    await answer.body?.cancel();
    return answer.headers.get('content-type') ?? 'nothing';
  });
  if (type.startsWith('application/x-git-upload-pack-advertisement')) return;
  const message = `could not list the refs of ${url}: it answers, but not as a git server does (${type})`;
  throw new Error(withoutSecrets(message, authorization?.secrets ?? []));
}
