import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { makeDemo, tagNext, type DemoFolder } from '../src/demo/make.ts';
import { CannotRun } from '../src/reconciler/errors.ts';
import { UpstreamRepo } from './fixtures/upstream-repo.ts';

interface RecipeDocument {
  kind: string;
  metadata: { name: string };
  spec: {
    upstream: string;
    checks?: { command: string[] }[];
    dependsOn?: { provide: string[][] }[];
    enrolled?: boolean;
    reason?: string;
  };
}

let parent: string;
let demo: DemoFolder;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'demo-test-'));
  demo = await makeDemo(join(parent, 'new', 'demo'));
});

afterAll(() => rm(parent, { recursive: true, force: true }));

const upstream = (recipe: string, folder = demo.folder): UpstreamRepo =>
  UpstreamRepo.open(join(folder, 'upstream', recipe));

const tags = async (recipe: string, folder?: string): Promise<string[]> =>
  (await upstream(recipe, folder).git('tag', '--list')).split('\n').filter((tag) => tag !== '');

async function documents(): Promise<RecipeDocument[]> {
  const found: RecipeDocument[] = [];
  for (const name of await readdir(demo.manifests)) {
    for (const document of parseAllDocuments(await readFile(join(demo.manifests, name), 'utf8'))) {
      expect(document.errors, name).toEqual([]);
      const content: RecipeDocument = document.toJS();
      found.push(content);
    }
  }
  return found;
}

describe('a demo folder', () => {
  it('has an upstream and a manifest for each of its recipes, and says what to expect of them', async () => {
    const names = demo.recipes.map(({ name }) => name);
    expect(names).toEqual(['guestbook', 'ledger', 'notifier', 'retired', 'sleepy', 'unborn']);
    expect(await readdir(join(demo.folder, 'upstream'))).toEqual(names);
    const recipes = (await documents()).filter(({ kind }) => kind === 'Recipe');
    expect(recipes.map(({ metadata }) => metadata.name).toSorted()).toEqual(names);
    for (const { expect: sentence } of demo.recipes) expect(sentence).toMatch(/^[a-z].*\w$/);
  });

  it('leaves the state folder to the program', async () => {
    await expect(stat(demo.state)).rejects.toThrow('ENOENT');
    expect(dirname(demo.state)).toBe(demo.folder);
  });

  it('names upstreams and commands that are there', async () => {
    for (const { kind, spec } of await documents()) {
      if (kind !== 'Recipe') continue;
      expect((await stat(resolve(demo.manifests, spec.upstream, '.git'))).isDirectory()).toBe(true);
      const commands = [
        ...(spec.checks ?? []).map(({ command }) => command),
        ...(spec.dependsOn ?? []).flatMap(({ provide }) => provide),
      ];
      for (const [, script] of commands)
        expect((await stat(resolve(demo.manifests, script ?? ''))).isFile()).toBe(true);
    }
  });

  it('says why a recipe is not enrolled', async () => {
    const retired = (await documents()).find(({ metadata }) => metadata.name === 'retired');
    expect(retired?.spec).toMatchObject({ enrolled: false, reason: expect.stringMatching(/\w/) });
  });
});

describe('its repositories', () => {
  it('hold the releases that are out, and not those that come later', async () => {
    expect(await tags('guestbook')).toEqual(['1.0.0+1.0']);
    expect(await tags('ledger')).toEqual(['1.0.0+3.4']);
    expect(await tags('sleepy')).toEqual(['0.3.0+1.0']);
    expect(await tags('unborn')).toEqual(['latest', 'v0.1']);
  });

  it('have both kinds of tags, each of which peels to a commit with its own tree', async () => {
    const { folder } = await makeDemo(join(parent, 'both-kinds'));
    await tagNext(folder, 'guestbook');
    const repo = upstream('guestbook', folder);
    expect(await repo.git('cat-file', '-t', 'refs/tags/1.0.0+1.0')).toBe('commit');
    expect(await repo.git('cat-file', '-t', 'refs/tags/1.1.0+1.1')).toBe('tag');
    const first = await repo.git('show', `${await repo.commitOf('1.0.0+1.0')}:store.mjs`);
    const second = await repo.git('show', `${await repo.commitOf('1.1.0+1.1')}:store.mjs`);
    expect(first).toContain('appendFileSync');
    expect(second).toContain('entries.json');
    expect(await repo.git('ls-tree', '--name-only', '1.1.0+1.1')).toContain('app.mjs');
  });

  it('have a main that is ahead of the newest release by a commit that is in no release', async () => {
    const repo = upstream('guestbook');
    expect(await repo.git('symbolic-ref', '--short', 'HEAD')).toBe('main');
    expect(await repo.git('rev-parse', 'HEAD^')).toBe(await repo.commitOf('1.0.0+1.0'));
    expect(await repo.git('tag', '--points-at', 'HEAD')).toBe('');
    expect(await repo.git('diff', '--name-only', '1.0.0+1.0', 'HEAD')).toBe('CONTRIBUTING.md');
  });

  it('are clean, and committed by a fixed author', async () => {
    const repo = upstream('guestbook');
    expect(await repo.git('status', '--porcelain')).toBe('');
    expect(await repo.git('log', '-1', '--format=%an <%ae>, %cn')).toBe(
      'Recipe Author <author@example.org>, Recipe Author',
    );
  });

  it('carry no hooks', async () => {
    for (const { name } of demo.recipes)
      await expect(readdir(join(demo.folder, 'upstream', name, '.git', 'hooks'))).rejects.toThrow('ENOENT');
  });
});

describe('tagging the next release', () => {
  it('commits and tags it with its notes, and refuses once there is none left', async () => {
    const { folder } = await makeDemo(join(parent, 'tagging'));
    const repo = upstream('guestbook', folder);
    const first = await repo.commitOf('1.0.0+1.0');
    for (const [tag, subject] of [
      ['1.1.0+1.1', 'Entries are kept as JSON'],
      ['2.0.0+2.0', 'Entries are found by their author'],
    ] as const) {
      const before = await repo.head();
      expect(await tagNext(folder, 'guestbook')).toBe(tag);
      expect(await repo.commitOf(tag)).toBe(await repo.head());
      expect(await repo.git('rev-parse', 'HEAD^')).toBe(before);
      expect(await repo.git('tag', '--list', '--format=%(contents:subject)', tag)).toBe(subject);
    }
    expect(await repo.commitOf('1.0.0+1.0')).toBe(first);
    await expect(tagNext(folder, 'guestbook')).rejects.toThrow(/every release .* is tagged already/);
    expect(await tags('ledger', folder)).toEqual(['1.0.0+3.4']);
    expect(await tagNext(folder, 'ledger')).toBe('1.1.0+3.5');
  });

  it('goes on from what a visitor committed meanwhile', async () => {
    const { folder } = await makeDemo(join(parent, 'visited'));
    await upstream('ledger', folder).git('commit', '--allow-empty', '--message', 'Mine');
    expect(await tagNext(folder, 'ledger')).toBe('1.1.0+3.5');
  });

  it.each(['nobody', '../ledger', ''])('refuses "%s", which is no recipe of the demo', async (name) => {
    await expect(tagNext(demo.folder, name)).rejects.toThrow(CannotRun);
  });

  it('refuses a folder that holds no demo', async () => {
    const folder = join(parent, 'elsewhere');
    await mkdir(join(folder, 'upstream', 'ledger'), { recursive: true });
    await expect(tagNext(folder, 'ledger')).rejects.toThrow(CannotRun);
    await expect(tagNext(join(parent, 'nowhere'), 'ledger')).rejects.toThrow(CannotRun);
  });
});

describe('making a demo', () => {
  it('takes an empty folder', async () => {
    const folder = join(parent, 'empty');
    await mkdir(folder);
    expect((await makeDemo(folder)).folder).toBe(folder);
  });

  it('refuses a folder that holds anything, and leaves it alone', async () => {
    const folder = join(parent, 'full');
    await mkdir(folder);
    await writeFile(join(folder, '.hidden'), 'mine');
    await expect(makeDemo(folder)).rejects.toThrow(
      `could not make the demo in ${folder}: the folder is not empty`,
    );
    expect(await readdir(folder)).toEqual(['.hidden']);
  });

  it('refuses a path that is a file', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    await expect(makeDemo(file)).rejects.toThrow(CannotRun);
  });

  it('leaves nothing where git cannot be run', async () => {
    const folder = join(parent, 'without-git');
    const { PATH } = process.env;
    process.env['PATH'] = parent;
    try {
      await expect(makeDemo(folder)).rejects.toThrow(CannotRun);
    } finally {
      process.env['PATH'] = PATH;
    }
    expect(await readdir(folder)).toEqual([]);
  });
});
