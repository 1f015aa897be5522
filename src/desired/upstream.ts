/** Asks an upstream which releases it has: one `git ls-remote`, over whatever transport its URL names. */
import { withDeadline } from '../deadline.ts';
import { git } from '../git.ts';
import { describe } from '../reconciler/errors.ts';
import type { Manifest, Reading, Tag, UpstreamRefs } from '../reconciler/model.ts';
import type { Upstream } from '../reconciler/ports.ts';

const TAGS = 'refs/tags/';
const HEADS = 'refs/heads/';
const PEELED = '^{}';

/** `mark` stands in the environment of every git that is started, `timeoutMs` is the deadline of each call. */
export function gitUpstream(options: { mark: string; timeoutMs: number }): Upstream {
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
  options: { mark: string; timeoutMs: number; signal: AbortSignal },
): Promise<UpstreamRefs> {
  const args = ['ls-remote', '--quiet', '--symref', '--', upstream, 'HEAD', `${TAGS}*`];
  const refs = parseRefs(await git(`list the tags of ${upstream}`, args, options));
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

/** Lines of `git ls-remote --symref`: `ref: <target>\t<name>` and `<object>\t<name>`, `<name>^{}` being peeled. */
function parseRefs(listing: string): UpstreamRefs {
  const tags = new Map<string, string>();
  const peeled = new Map<string, string>();
  let branch: string | null = null;
  let headCommit: string | null = null;
  for (const line of listing.split('\n')) {
    const [left = '', name = ''] = line.split('\t');
    if (name === 'HEAD' && left.startsWith(`ref: ${HEADS}`)) branch = left.slice(`ref: ${HEADS}`.length);
    else if (!/^[0-9a-f]{40,64}$/.test(left)) continue;
    else if (name === 'HEAD') headCommit = left;
    else if (!name.startsWith(TAGS)) continue;
    else if (name.endsWith(PEELED)) peeled.set(name.slice(TAGS.length, -PEELED.length), left);
    else tags.set(name.slice(TAGS.length), left);
  }
  return {
    head: branch === null || headCommit === null ? null : { branch, commit: headCommit },
    tags: [...tags].map(([name, object]): Tag => ({ name, commit: peeled.get(name) ?? object })),
  };
}

function unreadable(why: string): Reading<UpstreamRefs> {
  return { readable: false, why };
}
