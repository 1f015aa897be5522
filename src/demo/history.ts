/**
 * Turns the sources of a demo recipe into the history of a real repository.
 *
 * `demo/recipes/<recipe>/<NN>-<tag>/` is one commit, in the order of NN: its files go over those of the commit
 * before. The commit is tagged `<tag>`, annotated where the tree brings `release/<tag>` notes and lightweight where
 * it does not; `<NN>-main` is a commit of the branch alone.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from '../git.ts';
import { packageRoot } from '../package-root.ts';

/** The package's own `demo`. */
export const SOURCES = join(packageRoot(), 'demo');

const AUTHOR = ['-c', 'user.name=Recipe Author', '-c', 'user.email=author@example.org'];
const UNSIGNED = ['-c', 'commit.gpgSign=false', '-c', 'tag.gpgSign=false'];
const BRANCH = 'main';

interface Revision {
  /** Its folder below `demo/recipes`. */
  folder: string;
  /** Null for a commit of the branch alone. */
  tag: string | null;
}

export async function revisionsOf(recipe: string): Promise<Revision[]> {
  const recipeFolder = join(SOURCES, 'recipes', recipe);
  const names = (await readdir(recipeFolder)).toSorted();
  return names.map((name) => {
    const tag = name.slice(name.indexOf('-') + 1);
    return { folder: join(recipeFolder, name), tag: tag === BRANCH ? null : tag };
  });
}

export async function createRepository(repository: string, mark: string): Promise<void> {
  await mkdir(repository);
  await gitIn(repository, mark, ['init', '--quiet', `--initial-branch=${BRANCH}`]);
}

export async function tagsOf(repository: string, mark: string): Promise<string[]> {
  return (await gitIn(repository, mark, ['tag', '--list'])).split('\n').filter((tag) => tag !== '');
}

export async function commitRevision(
  repository: string,
  { folder, tag }: Revision,
  mark: string,
): Promise<void> {
  const files = await copyTree(folder, repository);
  const message = tag === null ? 'Explain how to contribute' : `Publish ${tag}`;
  await gitIn(repository, mark, ['add', '--all']);
  await gitIn(repository, mark, ['commit', '--quiet', `--message=${message}`]);
  if (tag === null) return;
  const notes = `release/${tag}`;
  const annotation = files.includes(notes) ? ['--annotate', `--file=${notes}`] : [];
  await gitIn(repository, mark, ['tag', ...annotation, '--', tag]);
}

/** Copies contents only: an installed package may be read-only, and its copies are to be edited. */
export async function copyTree(from: string, to: string): Promise<string[]> {
  await mkdir(to, { recursive: true });
  const copied: string[] = [];
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      copied.push(...(await copyTree(source, target)).map((name) => `${entry.name}/${name}`));
    } else {
      await writeFile(target, await readFile(source));
      copied.push(entry.name);
    }
  }
  return copied;
}

function gitIn(repository: string, mark: string, args: readonly string[]): Promise<string> {
  const what = `run git ${args[0]} in ${repository}`;
  // Named, so that git never takes a repository around this folder for it.
  const options = ['--git-dir=.git', ...AUTHOR, ...UNSIGNED];
  return git(what, [...options, ...args], { cwd: repository, timeoutMs: 30_000, mark });
}
