/**
 * The lister that everything else uses: over http(s) without a process, by git for all the rest and for what the first
 * cannot do; each host in its turn.
 */
import { describe, TrialFault } from '../reconciler/errors.ts';
import { keptAlive } from './kept-alive.ts';
import { gitLister, type GitListerOptions } from './git-lister.ts';
import { HostFailure, Hosts, type HostsOptions } from './hosts.ts';
import { hostOf } from './host-of.ts';
import { httpListing } from './http-lister.ts';
import type { RefLister } from './lister.ts';

/** All local repositories take their turns as those of one host, which never fails as a whole. */
const FILE_SYSTEM = 'file://';

export function remoteLister(options: GitListerOptions & Pick<HostsOptions, 'onChange'>): RefLister {
  const hosts = new Hosts(options);
  const byGit = gitLister(options);
  const overHttp = httpListing({ exchange: keptAlive(), timeoutMs: options.timeoutMs });
  return {
    list: async (query, asking) => {
      const ask = async () => {
        const isHttp = /^https?:/.test(query.url);
        const listing = isHttp ? await overHttp.list(query, asking) : 'needs-git';
        return listing === 'needs-git' ? await byGit.list(query, asking) : listing;
      };
      try {
        return await hosts.ask(hostOf(query.url) ?? FILE_SYSTEM, asking, ask);
      } catch (error) {
        if (!(error instanceof HostFailure)) throw error;
        const message = `could not list the refs of ${query.url}: ${describe(error)}`;
        throw new TrialFault('infra', 'host-unreachable', message, { cause: error });
      }
    },
  };
}
