/** What git says of a recipe's local mirror. Asked of git, not of files: what counts is what a checkout would find. */
import { lstat } from 'node:fs/promises';
import { git, type GitOptions } from '../git.ts';
import { describe, TrialFault } from '../reconciler/errors.ts';
import type { MirrorFacts } from '../reconciler/model.ts';
import type { MirrorReader } from '../reconciler/ports.ts';
import { KEPT_REFS, type Layout } from '../state/layout.ts';

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
  const format = '--format=%(refname) %(objectname)';
  const listing = await git(`list the kept commits of ${mirror}`, ['for-each-ref', format, KEPT_REFS], call);
  const kept = new Set(listing.split('\n'));
  const facts: Record<string, MirrorFacts['commits'][string]> = {};
  for (const commit of new Set(commits)) {
    const there =
      (await answerOf(`find ${commit} in ${mirror}`, ['cat-file', '-t', commit], call)) === 'commit';
    const held = kept.has(`${KEPT_REFS}${commit} ${commit}`);
    facts[commit] = there ? (held ? 'kept' : 'unkept') : 'missing';
  }
  return { tagCommit: tag === null ? null : await peeled(tag, mirror, call), commits: facts };
}

async function peeled(tag: string, mirror: string, call: GitOptions): Promise<string | null> {
  return await answerOf(
    `find tag ${tag} in ${mirror}`,
    ['rev-parse', '--verify', `refs/tags/${tag}^{commit}`],
    call,
  );
}

/** Null where git says no; that it could not be asked is thrown. */
async function answerOf(what: string, args: readonly string[], call: GitOptions): Promise<string | null> {
  try {
    return (await git(what, args, call)).trim();
  } catch (error) {
    if (error instanceof TrialFault && error.reason === 'git-failed') return null;
    throw error;
  }
}
