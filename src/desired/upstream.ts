/** What upstream has: its tags, and the branch that is mirrored. */
import { inFull } from '../reconciler/errors.ts';
import type { Upstream } from '../reconciler/ports.ts';
import type { RefLister } from '../remotes/lister.ts';
import { remoteRefs } from '../remotes/remote-refs.ts';

export function upstreamFrom(lister: RefLister): Upstream {
  return {
    refs: async ({ upstream, login, branch }, asking) => {
      try {
        const listing = await lister.list({ url: upstream, login, branch }, asking);
        return { readable: true, value: remoteRefs(listing, branch) };
      } catch (error) {
        return { readable: false, why: inFull(error) };
      }
    },
  };
}
