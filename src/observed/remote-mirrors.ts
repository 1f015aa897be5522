/** What the team's own mirrors hold. */
import { inFull } from '../reconciler/errors.ts';
import type { RemoteMirrors } from '../reconciler/ports.ts';
import type { RefLister } from '../remotes/lister.ts';
import { remoteRefs } from '../remotes/remote-refs.ts';

export function remoteMirrorsFrom(lister: RefLister): RemoteMirrors {
  return {
    refs: async ({ mirror }, branch, asking) => {
      if (mirror === null) return { readable: false, why: 'the manifest names no mirror' };
      try {
        const { url, login } = mirror;
        return {
          readable: true,
          value: remoteRefs(await lister.list({ url, login, branch }, asking), branch),
        };
      } catch (error) {
        return { readable: false, why: inFull(error) };
      }
    },
  };
}
