/** Asks an upstream which releases it has: one `git ls-remote`, over whatever transport its URL names. */
import { withDeadline } from '../deadline.ts';
import { git } from '../git.ts';
import { describe } from '../reconciler/errors.ts';
import type { Manifest, Reading, Tag, UpstreamRefs } from '../reconciler/model.ts';
import type { Upstream } from '../reconciler/ports.ts';
import { readRefListing } from '../ref-listing.ts';

const TAGS = 'refs/tags/';
const HEADS = 'refs/heads/';

interface UpstreamOptions {
  /** Stands in the environment of every git that is started. */
  mark: string;
  /** Every git inherits it open; none where nothing may be written. */
  lifeline?: string;
  /** Deadline of each call. */
  timeoutMs: number;
}

export function gitUpstream(options: UpstreamOptions): Upstream {
  return {
    refs: async (manifest, signal) => {
      try {
        return { readable: true, value: await listRefs(manifest, { ...options, signal }) };
      } catch (error) {
        return unreadable(describe(error));
      }
    },
  };
}

async function listRefs(
  { upstream }: Manifest,
  options: UpstreamOptions & { signal: AbortSignal },
): Promise<UpstreamRefs> {
  const args = ['ls-remote', '--quiet', '--symref', '--', upstream, 'HEAD', `${TAGS}*`];
  const refs = refsIn(await git(`list the tags of ${upstream}`, args, options), upstream);
  if (refs.head === null && refs.tags.length === 0) await assertSpeaksGit(upstream, options);
  return refs;
}

/**
 * To git, a web server that answers with nothing is a repository with nothing in it. That would be taken for a recipe
 * that was never released, so the answer's own type decides.
 */
async function assertSpeaksGit(
  url: string,
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
  throw new Error(`could not list the tags of ${url}: it answers, but not as a git server does (${type})`);
}

function refsIn(answer: string, upstream: string): UpstreamRefs {
  const { head, objects, peeled } = readRefListing(answer, upstream);
  const commit = objects.get('HEAD');
  const branch = head?.startsWith(HEADS) === true ? head.slice(HEADS.length) : null;
  const tags = [...objects].filter(([name]) => name.startsWith(TAGS));
  return {
    head: branch === null || commit === undefined ? null : { branch, commit },
    tags: tags.map(([ref, object]): Tag => ({
      name: ref.slice(TAGS.length),
      commit: peeled.get(ref) ?? object,
    })),
  };
}

function unreadable(why: string): Reading<UpstreamRefs> {
  return { readable: false, why };
}
