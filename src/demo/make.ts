/** Makes a folder to try this program on: real upstream repositories, manifests, checks, and nothing else. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CannotRun, describe } from '../reconciler/errors.ts';
import { commitRevision, copyTree, createRepository, revisionsOf, SOURCES, tagsOf } from './history.ts';
import { DEMO_RECIPES } from './recipes.ts';

export interface DemoFolder {
  folder: string;
  manifests: string;
  /** Where the program keeps its state unless it is told otherwise, when it runs in `folder`; not made yet. */
  state: string;
  recipes: readonly { name: string; expect: string }[];
}

/** `folder` must be new or empty. What a failed attempt made is removed again. */
export async function makeDemo(folder: string): Promise<DemoFolder> {
  const root = resolve(folder);
  await claim(root);
  try {
    await copyTree(join(SOURCES, 'manifests'), join(root, 'manifests'));
    await copyTree(join(SOURCES, 'checks'), join(root, 'checks'));
    await mkdir(join(root, 'upstream'));
    for (const { name, later } of DEMO_RECIPES) await makeUpstream(root, name, later);
  } catch (error) {
    for (const name of ['manifests', 'checks', 'upstream'])
      await rm(join(root, name), { recursive: true, force: true });
    throw new CannotRun(`could not make the demo in ${root}: ${describe(error)}`, { cause: error });
  }
  return {
    folder: root,
    manifests: join(root, 'manifests'),
    state: join(root, '.reconcile'),
    recipes: DEMO_RECIPES.map(({ name, expect }) => ({ name, expect })),
  };
}

/** Publishes the next release of one recipe of a demo folder, as its author would: a commit and a tag. Returns the tag. */
export async function tagNext(folder: string, recipe: string): Promise<string> {
  const known = DEMO_RECIPES.map(({ name }) => name);
  if (!known.includes(recipe)) {
    const hint = `its recipes are ${known.join(', ')}`;
    throw new CannotRun(`could not tag a release of "${recipe}": the demo has no such recipe`, { hint });
  }
  const repository = join(resolve(folder), 'upstream', recipe);
  const mark = newMark();
  try {
    const tagged = await tagsOf(repository, mark);
    const next = (await revisionsOf(recipe)).find(({ tag }) => tag !== null && !tagged.includes(tag));
    if (next?.tag == null) throw new CannotRun('every release that the demo has of it is tagged already');
    await commitRevision(repository, next, mark);
    return next.tag;
  } catch (error) {
    const message = `could not tag the next release of ${recipe} in ${repository}: ${describe(error)}`;
    throw new CannotRun(message, { cause: error });
  }
}

async function claim(root: string): Promise<void> {
  let found: string[];
  try {
    await mkdir(root, { recursive: true });
    found = await readdir(root);
  } catch (error) {
    throw new CannotRun(`could not make the demo in ${root}: ${describe(error)}`, { cause: error });
  }
  if (found.length === 0) return;
  const message = `could not make the demo in ${root}: the folder is not empty`;
  throw new CannotRun(message, { hint: 'name a folder that is empty or does not exist yet' });
}

async function makeUpstream(root: string, recipe: string, later: readonly string[]): Promise<void> {
  const repository = join(root, 'upstream', recipe);
  const mark = newMark();
  await createRepository(repository, mark);
  for (const revision of await revisionsOf(recipe)) {
    if (revision.tag !== null && later.includes(revision.tag)) continue;
    await commitRevision(repository, revision, mark);
  }
}

const newMark = (): string => `demo-${randomUUID()}`;
