/** What git says of a recipe's local mirror. Asked of git, not of files: what counts is what a checkout would find. */
import { lstat } from 'node:fs/promises';
import { git, type GitOptions } from '../git.ts';
import { describe } from '../reconciler/errors.ts';
import type { MirrorFacts } from '../reconciler/model.ts';
import type { MirrorReader } from '../reconciler/ports.ts';
import { KEPT_REFS, type Layout } from '../state/layout.ts';

const TAGS = 'refs/tags/';

/** `mark` stands in the environment of every git that is started, `timeoutMs` is the deadline of each call. */
export function mirrorReader(options: { layout: Layout; mark: string; timeoutMs: number }): MirrorReader {
  const { layout, mark, timeoutMs } = options;
  return {
    facts: async (recipe, asked, signal) => {
      const mirror = layout.mirror(recipe);
      try {
        await lstat(mirror);
      } catch (error) {
        const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
        return gone ? { readable: true, value: null } : { readable: false, why: describe(error) };
      }
      try {
        const value = await readFacts(mirror, asked, { cwd: mirror, timeoutMs, mark, signal });
        return { readable: true, value };
      } catch (error) {
        return { readable: false, why: describe(error) };
      }
    },
  };
}

async function readFacts(
  mirror: string,
  { tag, commits }: { tag: string | null; commits: readonly string[] },
  call: GitOptions,
): Promise<MirrorFacts> {
  const names = tag === null ? [KEPT_REFS] : [KEPT_REFS, `${TAGS}${tag}`];
  const args = ['for-each-ref', '--format=%(refname) %(objectname)', ...names];
  const listed = lines(await git(`list the kept commits of ${mirror}`, args, call));
  const refs = new Map(listed.map((line): [string, string] => cut(line)));
  const there = await commitsAmong(commits, mirror, call);
  const facts: Record<string, MirrorFacts['commits'][string]> = {};
  for (const commit of commits) {
    const kept = refs.get(`${KEPT_REFS}${commit}`) === commit;
    facts[commit] = there.includes(commit) ? (kept ? 'kept' : 'unkept') : 'missing';
  }
  const tagged = tag === null ? undefined : refs.get(`${TAGS}${tag}`);
  const [tagCommit = null] = tagged === undefined ? [] : await commitsAmong([tagged], mirror, call);
  return { tagCommit, commits: facts };
}

/**
 * Those that are there, and are commits; a tag's object stands for the commit that it names. Git is asked so that it
 * succeeds either way: a git that fails must not be taken for one that found nothing.
 */
async function commitsAmong(objects: readonly string[], mirror: string, call: GitOptions): Promise<string[]> {
  if (objects.length === 0) return [];
  const args = ['rev-list', '--no-walk', '--ignore-missing', ...new Set(objects), '--'];
  const answer = await git(`find ${objects.join(', ')} in ${mirror}`, args, call);
  return lines(answer);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function cut(line: string): [string, string] {
  const end = line.lastIndexOf(' ');
  return [line.slice(0, end), line.slice(end + 1)];
}
