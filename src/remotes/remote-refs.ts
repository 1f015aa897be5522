/** Of what a repository lists, what is mirrored: one branch and all tags. */
import type { RemoteRefs, Tag } from '../reconciler/model.ts';
import type { RefListing } from './ref-listing.ts';

const TAGS = 'refs/tags/';
const HEADS = 'refs/heads/';

/** `branch`: null for the one that HEAD names. */
export function remoteRefs(listing: RefListing, branch: string | null): RemoteRefs {
  const { answer } = listing;
  if (answer === undefined) return refsIn(listing, branch);
  if (listing.isKnown !== true) return { ...refsIn(listing, branch), answer };
  let read: RemoteRefs | null = null;
  return {
    answer,
    get branch() {
      return (read ??= refsIn(listing, branch)).branch;
    },
    get tags() {
      return (read ??= refsIn(listing, branch)).tags;
    },
  };
}

function refsIn({ head, objects, peeled }: RefListing, branch: string | null): RemoteRefs {
  const ref = branch === null ? head : `${HEADS}${branch}`;
  const commit = objects.get(branch === null ? 'HEAD' : `${HEADS}${branch}`);
  const isThere = commit !== undefined && ref?.startsWith(HEADS) === true;
  const tags: Tag[] = [];
  for (const [name, object] of objects) {
    if (!name.startsWith(TAGS)) continue;
    tags.push({ name: name.slice(TAGS.length), commit: peeled.get(name) ?? object, object });
  }
  return { branch: isThere ? { name: ref.slice(HEADS.length), commit } : null, tags };
}
