import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { watchManifests } from '../../src/desired/watch.ts';
import { manifestFolder } from '../../src/desired/manifests.ts';
import { Calls } from '../fixtures/calls.ts';
import { beforeTheNextWatch, runOutOfWatches } from '../fixtures/watches.ts';
import { folderOf, recipe } from './folder-of.ts';

/** What is watched may be a link in a folder of its own; `path` is below it. */
async function watching(folder: string) {
  const calls = new Calls<string[]>();
  const troubles = new Calls<string>();
  const watch = await watchManifests(folder, {
    onChange: (files) => calls.take([...files].toSorted()),
    onTrouble: troubles.take,
  });
  const close = () => watch.close();
  onTestFinished(close);
  const at = (...paths: string[]) => paths.map((path) => join(folder, path)).toSorted();
  /** Shows that all before it led to no more calls than were read. */
  const nothingElse = async (): Promise<void> => {
    fs.writeFileSync(join(folder, 'the-end.yaml'), recipe('the-end'));
    expect(await calls.next()).toEqual(at('the-end.yaml'));
    expect(calls.unread).toEqual([]);
  };
  return { calls, troubles, close, at, nothingElse };
}

const files = { 'shop.yaml': recipe('shop'), 'blog.yaml': recipe('blog'), 'team/wiki.yaml': recipe('wiki') };
const edited = recipe('shop', 'branch: stable');

interface Burst {
  does: string;
  act: (folder: string) => void;
  tells: string[];
}

const bursts: Burst[] = [
  {
    does: 'is written in place',
    act: (folder) => fs.writeFileSync(join(folder, 'shop.yaml'), edited),
    tells: ['shop.yaml'],
  },
  {
    does: 'is written in place, piece by piece',
    act: (folder) => {
      const file = fs.openSync(join(folder, 'shop.yaml'), 'w');
      for (const line of edited.split('\n')) fs.writeSync(file, `${line}\n`);
      fs.closeSync(file);
    },
    tells: ['shop.yaml'],
  },
  {
    does: 'is replaced by renaming another over it',
    act: (folder) => {
      fs.writeFileSync(join(folder, '.shop.yaml.tmp'), edited);
      fs.renameSync(join(folder, '.shop.yaml.tmp'), join(folder, 'shop.yaml'));
    },
    tells: ['shop.yaml'],
  },
  {
    does: 'is saved as vim does: a trial file, the old one renamed, a new one, the old one removed',
    act: (folder) => {
      fs.writeFileSync(join(folder, '4913'), '');
      fs.rmSync(join(folder, '4913'));
      fs.renameSync(join(folder, 'shop.yaml'), join(folder, 'shop.yaml~'));
      fs.writeFileSync(join(folder, 'shop.yaml'), edited);
      fs.rmSync(join(folder, 'shop.yaml~'));
    },
    tells: ['shop.yaml'],
  },
  {
    does: 'is removed and made anew',
    act: (folder) => {
      fs.rmSync(join(folder, 'shop.yaml'));
      fs.writeFileSync(join(folder, 'shop.yaml'), edited);
    },
    tells: ['shop.yaml'],
  },
  {
    does: 'is touched, its contents unchanged',
    act: (folder) => fs.utimesSync(join(folder, 'shop.yaml'), new Date(), new Date()),
    tells: ['shop.yaml'],
  },
  {
    does: 'is added',
    act: (folder) => fs.writeFileSync(join(folder, 'new.yml'), recipe('new')),
    tells: ['new.yml'],
  },
  { does: 'is removed', act: (folder) => fs.rmSync(join(folder, 'shop.yaml')), tells: ['shop.yaml'] },
  {
    does: 'is renamed',
    act: (folder) => fs.renameSync(join(folder, 'shop.yaml'), join(folder, 'store.yaml')),
    tells: ['shop.yaml', 'store.yaml'],
  },
  {
    does: 'comes in a folder of its own',
    act: (folder) => {
      fs.mkdirSync(join(folder, 'more/deep'), { recursive: true });
      fs.writeFileSync(join(folder, 'more/deep/new.yaml'), recipe('new'));
    },
    tells: ['more/deep/new.yaml'],
  },
  {
    does: 'goes with its folder',
    act: (folder) => fs.rmSync(join(folder, 'team'), { recursive: true }),
    tells: ['team/wiki.yaml'],
  },
  {
    does: 'goes with its folder, which comes back with another',
    act: (folder) => {
      fs.rmSync(join(folder, 'team'), { recursive: true });
      fs.mkdirSync(join(folder, 'team'));
      fs.writeFileSync(join(folder, 'team/chat.yaml'), recipe('chat'));
    },
    tells: ['team/chat.yaml', 'team/wiki.yaml'],
  },
  {
    does: 'stays as it is while the script of a check beside it is edited',
    act: (folder) => fs.writeFileSync(join(folder, 'team/check.sh'), 'exit 1\n'),
    tells: ['team/check.sh'],
  },
];

describe('one settled call for what belongs together, where a manifest', () => {
  it('gets another mode after it was read', async () => {
    const folder = await folderOf(files);
    fs.utimesSync(join(folder, 'shop.yaml'), new Date(), new Date(0));
    const { calls, at, nothingElse } = await watching(folder);
    fs.chmodSync(join(folder, 'shop.yaml'), 0o600);
    expect(await calls.next()).toEqual(at('shop.yaml'));
    await nothingElse();
  });

  it.each(bursts)('$does', async ({ act, tells }) => {
    const folder = await folderOf(files);
    const { calls, at, nothingElse } = await watching(folder);
    act(folder);
    expect(await calls.next()).toEqual(at(...tells));
    await nothingElse();
  });

  it('is one of many that a git checkout rewrites', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [
        `team-${index % 7}/app-${index}.yaml`,
        recipe(`app-${index}`),
      ]),
    );
    const folder = await folderOf(many);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], { cwd: folder });
    git('init', '--quiet', '--initial-branch=main');
    git('add', '.');
    git('commit', '--quiet', '--message=one');
    git('checkout', '--quiet', '-b', 'next');
    for (const path of Object.keys(many)) fs.appendFileSync(join(folder, path), '# next\n');
    git('commit', '--quiet', '--all', '--message=two');

    const { calls, at, nothingElse } = await watching(folder);
    git('checkout', '--quiet', 'main');
    expect(await calls.next()).toEqual(at(...Object.keys(many)));
    await nothingElse();
  });
});

describe('the folder itself', () => {
  /** `current` leads to `a`, and can be made to lead to `b` at one stroke. */
  async function releases() {
    const root = await folderOf({ 'a/shop.yaml': recipe('shop'), 'b/blog.yaml': recipe('blog') });
    const point = (to: string): void => {
      fs.symlinkSync(to, join(root, 'coming'));
      fs.renameSync(join(root, 'coming'), join(root, 'current'));
    };
    point('a');
    return { root, current: join(root, 'current'), point };
  }

  it('may become a link to another folder, which is watched from then on, and the old one no more', async () => {
    const { root, current, point } = await releases();
    const { calls, at, nothingElse } = await watching(current);
    point('b');
    expect(await calls.next()).toEqual(at('blog.yaml', 'shop.yaml'));
    fs.writeFileSync(join(root, 'a/shop.yaml'), edited);
    fs.writeFileSync(join(root, 'b/blog.yaml'), recipe('blog', 'branch: stable'));
    expect(await calls.next()).toEqual(at('blog.yaml'));
    await nothingElse();
  });

  it('may be filled by Kubernetes, which swaps a hidden link that every manifest leads through', async () => {
    const folder = await folderOf({ '..one/shop.yaml': recipe('shop'), '..two/shop.yaml': edited });
    fs.symlinkSync('..one', join(folder, '..data'));
    fs.symlinkSync('..data/shop.yaml', join(folder, 'shop.yaml'));
    const { calls, at, nothingElse } = await watching(folder);
    fs.symlinkSync('..two', join(folder, '..data_tmp'));
    fs.renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    fs.rmSync(join(folder, '..one'), { recursive: true });
    expect(await calls.next()).toEqual(at('shop.yaml'));
    await nothingElse();
  });

  it('may go and come back, and is watched again', async () => {
    const folder = await folderOf(files);
    const { calls, at, nothingElse } = await watching(folder);
    fs.rmSync(folder, { recursive: true });
    expect(await calls.next()).toEqual(at(...Object.keys(files)));
    fs.mkdirSync(folder);
    fs.writeFileSync(join(folder, 'shop.yaml'), recipe('shop'));
    expect(await calls.next()).toEqual(at('shop.yaml'));
    fs.writeFileSync(join(folder, 'shop.yaml'), edited);
    expect(await calls.next()).toEqual(at('shop.yaml'));
    await nothingElse();
  });

  it('may be missing at first', async () => {
    const folder = await folderOf({});
    fs.rmdirSync(folder);
    const { calls, at } = await watching(folder);
    fs.mkdirSync(folder);
    fs.writeFileSync(join(folder, 'shop.yaml'), recipe('shop'));
    expect(await calls.next()).toEqual(at('shop.yaml'));
  });

  it('may be renamed away and replaced by one with the same names', async () => {
    const root = await folderOf({ 'manifests/shop.yaml': recipe('shop'), 'coming/shop.yaml': edited });
    const folder = join(root, 'manifests');
    const { calls, at } = await watching(folder);
    fs.renameSync(folder, join(root, 'old'));
    fs.renameSync(join(root, 'coming'), folder);
    expect(await calls.next()).toEqual(at('shop.yaml'));
    fs.writeFileSync(join(folder, 'shop.yaml'), recipe('shop'));
    expect(await calls.next()).toEqual(at('shop.yaml'));
  });
});

describe('links', () => {
  it('are followed to a file that is written elsewhere', async () => {
    const root = await folderOf({
      'elsewhere/shop.yaml': recipe('shop'),
      'manifests/blog.yaml': recipe('blog'),
    });
    const folder = join(root, 'manifests');
    fs.symlinkSync('../elsewhere/shop.yaml', join(folder, 'shop.yaml'));
    const { calls, at } = await watching(folder);
    fs.writeFileSync(join(root, 'elsewhere/shop.yaml'), edited);
    expect(await calls.next()).toEqual(at('shop.yaml'));
    fs.writeFileSync(join(root, 'elsewhere/coming'), recipe('shop'));
    fs.renameSync(join(root, 'elsewhere/coming'), join(root, 'elsewhere/shop.yaml'));
    expect(await calls.next()).toEqual(at('shop.yaml'));
  });

  it('may form a loop', async () => {
    const folder = await folderOf(files);
    fs.symlinkSync('..', join(folder, 'team/up'));
    const { calls, at, nothingElse } = await watching(folder);
    fs.writeFileSync(join(folder, 'team/wiki.yaml'), edited);
    expect(await calls.next()).toEqual(at('team/wiki.yaml'));
    await nothingElse();
  });
});

describe('what the reader of manifests passes over', () => {
  it('is not told: hidden files and folders', async () => {
    const folder = await folderOf({ ...files, '.git/config': 'a' });
    const { nothingElse } = await watching(folder);
    fs.writeFileSync(join(folder, '.shop.yaml.swp'), 'a');
    fs.writeFileSync(join(folder, '.git/config'), 'b');
    await nothingElse();
  });
});

describe('what is watched', () => {
  it('is every folder and file that can be seen, and nothing hidden', async () => {
    const folder = await folderOf({ ...files, '.git/config': 'a', '.shop.yaml.swp': 'a' });
    const { open } = runOutOfWatches(100);
    const { calls, at } = await watching(folder);
    fs.writeFileSync(join(folder, 'team/wiki.yaml'), edited);
    expect(await calls.next()).toEqual(at('team/wiki.yaml'));
    expect(open.size).toBe(['.', 'team', ...Object.keys(files)].length);
  });
});

describe('files are named', () => {
  it('as their manifests name them', async () => {
    const folder = `${await folderOf({ 'team/shop.yaml': recipe('shop') })}/`;
    const { calls } = await watching(folder);
    fs.writeFileSync(join(folder, 'team/shop.yaml'), edited);
    const fleet = await manifestFolder(folder, { knownRecipes: () => Promise.resolve([]) }).load();
    expect(await calls.next()).toEqual(fleet.manifests.map(({ file }) => file));
  });
});

const paths = ['a.yaml', 'b.yaml', 'd/a.yaml', 'd/b.yaml', 'd/e/a.yaml'];

/** `aside`: a name outside of what is watched, and another text for each step. */
const acts = {
  write: (path: string, aside: string) => {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, aside);
  },
  replace: (path: string, aside: string) => {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(`${path}.coming`, aside);
    fs.renameSync(`${path}.coming`, path);
  },
  remove: (path: string) => fs.rmSync(path, { recursive: true, force: true }),
  rename: (path: string, aside: string) => {
    if (fs.existsSync(path)) fs.renameSync(path, aside);
  },
  // Long enough for what came before to be told.
  pause: () => sleep(110),
};

const step = fc.oneof(
  fc.record({ does: fc.constantFrom('write', 'replace'), path: fc.constantFrom(...paths) }),
  fc.record({ does: fc.constantFrom('remove', 'rename'), path: fc.constantFrom(...paths, 'd', 'd/e') }),
  fc.record({ does: fc.constant('pause'), path: fc.constant('.') }),
) as fc.Arbitrary<{ does: keyof typeof acts; path: string }>;

function contentsOf(folder: string): Record<string, string> {
  const there = paths.filter((path) => fs.existsSync(join(folder, path)));
  return Object.fromEntries(there.map((path) => [path, fs.readFileSync(join(folder, path), 'utf8')]));
}

describe('nothing is missed', () => {
  it('while somebody writes without a pause', async () => {
    const folder = await folderOf(files);
    const { calls, at } = await watching(folder);
    while (calls.unread.length === 0) {
      fs.appendFileSync(join(folder, 'shop.yaml'), '# more\n');
      await sleep(20);
    }
    expect(await calls.next()).toEqual(at('shop.yaml'));
  });

  it('while folders are watched anew, because there are more of them', async () => {
    const folder = await folderOf(files);
    const { calls, at, nothingElse } = await watching(folder);
    beforeTheNextWatch(() => fs.writeFileSync(join(folder, 'shop.yaml'), edited));
    fs.mkdirSync(join(folder, 'more'));
    expect(await calls.next()).toEqual(at('shop.yaml'));
    await nothingElse();
  });

  it('whatever is done in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const root = await folderOf({ 'manifests/a.yaml': 'a', 'manifests/d/a.yaml': 'a' });
        const folder = join(root, 'manifests');
        const calls = new Calls<ReadonlySet<string>>();
        const watch = await watchManifests(folder, { onChange: calls.take, onTrouble: () => {} });
        const before = contentsOf(folder);
        for (const [index, { does, path }] of steps.entries()) {
          await acts[does](join(folder, path), `${root}/step-${index}`);
        }
        const after = contentsOf(folder);
        fs.writeFileSync(join(folder, 'the-end.yaml'), 'end');
        const told = new Set<string>();
        while (!told.has(join(folder, 'the-end.yaml'))) {
          for (const file of await calls.next()) told.add(file);
        }
        await watch.close();
        const changed = paths
          .filter((path) => before[path] !== after[path])
          .map((path) => join(folder, path));
        expect([...told]).toEqual(expect.arrayContaining(changed));
      }),
      { numRuns: 15 },
    );
  });
});

describe('where the system gives no more watches', () => {
  it('that is told once, and what is saved by renaming is found all the same', async () => {
    const folder = await folderOf(files);
    runOutOfWatches();
    const { calls, troubles, at } = await watching(folder);
    expect(await troubles.next()).toMatch(/^cannot watch all of .*: ENOSPC: .*next interval/);
    fs.writeFileSync(join(folder, 'coming'), edited);
    fs.renameSync(join(folder, 'coming'), join(folder, 'shop.yaml'));
    expect(await calls.next()).toEqual(at('shop.yaml'));
    fs.rmSync(join(folder, 'team'), { recursive: true });
    expect(await calls.next()).toEqual(at('team/wiki.yaml'));
    expect(troubles.unread).toEqual([]);
  });

  it('everything is found where chokidar is told to ask instead', async () => {
    process.env['CHOKIDAR_USEPOLLING'] = '1';
    onTestFinished(() => {
      delete process.env['CHOKIDAR_USEPOLLING'];
    });
    const folder = await folderOf(files);
    runOutOfWatches();
    const { calls, troubles, at } = await watching(folder);
    fs.writeFileSync(join(folder, 'shop.yaml'), edited);
    expect(await calls.next()).toEqual(at('shop.yaml'));
    fs.writeFileSync(join(folder, 'team/wiki.yaml'), edited);
    expect(await calls.next()).toEqual(at('team/wiki.yaml'));
    expect(troubles.unread).toEqual([]);
  });
});

describe('after its end', () => {
  it('nothing is told any more', async () => {
    const folder = await folderOf(files);
    const first = await watching(folder);
    const second = await watching(folder);
    await first.close();
    fs.writeFileSync(join(folder, 'shop.yaml'), edited);
    await second.calls.next();
    await second.close();
    expect(first.calls.unread).toEqual([]);
  });
});
