import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { watchState } from '../../src/observed/watch.ts';
import { Layout } from '../../src/state/layout.ts';
import { Calls } from '../fixtures/calls.ts';
import { runOutOfWatches } from '../fixtures/watches.ts';

/** A state folder with these recipes, each with a record and two generations of one volume. */
async function stateOf(...recipes: string[]) {
  const root = await mkdtemp(join(tmpdir(), 'state-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const layout = new Layout(root);
  fs.mkdirSync(layout.terms, { recursive: true });
  for (const recipe of recipes) makeRecipe(layout, recipe);
  return layout;
}

function makeRecipe(layout: Layout, recipe: string): void {
  for (const generation of [1, 2]) {
    const volume = join(layout.generation(recipe, generation), 'volumes/data');
    fs.mkdirSync(volume, { recursive: true });
    fs.writeFileSync(join(volume, 'rows'), 'a');
  }
  fs.mkdirSync(layout.trials(recipe));
  fs.mkdirSync(layout.mirror(recipe));
  fs.writeFileSync(layout.record(recipe), '{}');
}

async function watching(layout: Layout) {
  const calls = new Calls<string[]>();
  const troubles = new Calls<string>();
  const watch = await watchState(layout, {
    onChange: (recipes) => calls.take([...recipes].toSorted()),
    onTrouble: troubles.take,
  });
  const close = () => watch.close();
  onTestFinished(close);
  /** Shows that all before it led to no more calls than were read. */
  const nothingElse = async (): Promise<void> => {
    replace(layout, layout.record('the-end'), '{}');
    expect(await calls.next()).toEqual(['the-end']);
    expect(calls.unread).toEqual([]);
  };
  return { calls, troubles, close, nothingElse };
}

/** As a term does: staged elsewhere, then renamed into place. */
function replace(layout: Layout, path: string, contents: string): void {
  fs.mkdirSync(join(path, '..'), { recursive: true });
  fs.writeFileSync(join(layout.terms, 'staged'), contents);
  fs.renameSync(join(layout.terms, 'staged'), path);
}

const changes: [string, (layout: Layout) => void][] = [
  ['its record is replaced', (layout) => replace(layout, layout.record('shop'), '{ }')],
  ['its record is edited in place', (layout) => fs.writeFileSync(layout.record('shop'), '{ }')],
  ['its record is removed', (layout) => fs.rmSync(layout.record('shop'))],
  ['a generation is removed', (layout) => fs.rmSync(layout.generation('shop', 2), { recursive: true })],
  [
    'a generation is renamed',
    (layout) => fs.renameSync(layout.generation('shop', 2), join(layout.generations('shop'), 'aside')),
  ],
  [
    'a generation appears',
    (layout) => fs.cpSync(layout.generation('shop', 2), layout.generation('shop', 3), { recursive: true }),
  ],
  [
    'all its generations are renamed',
    (layout) => fs.renameSync(layout.generations('shop'), join(layout.recipe('shop'), 'aside')),
  ],
  [
    'a volume is removed',
    (layout) => fs.rmSync(join(layout.generation('shop', 2), 'volumes/data'), { recursive: true }),
  ],
  [
    'a volume is renamed',
    (layout) => {
      const volume = join(layout.generation('shop', 1), 'volumes/data');
      fs.renameSync(volume, `${volume}-aside`);
    },
  ],
  [
    'all volumes of a generation are renamed',
    (layout) => {
      const volumes = join(layout.generation('shop', 1), 'volumes');
      fs.renameSync(volumes, `${volumes}-aside`);
    },
  ],
  ['its whole folder is removed', (layout) => fs.rmSync(layout.recipe('shop'), { recursive: true })],
  [
    'its whole folder is renamed',
    (layout) => fs.renameSync(layout.recipe('shop'), join(layout.own, 'shop-aside')),
  ],
];

describe('a recipe is told, once, where', () => {
  it.each(changes)('%s', async (_, change) => {
    const layout = await stateOf('shop', 'blog', 'the-end');
    const { calls, nothingElse } = await watching(layout);
    change(layout);
    expect(await calls.next()).toEqual(['shop']);
    await nothingElse();
  });

  it('it comes to be, and what happens to it from then on', async () => {
    const layout = await stateOf('the-end');
    const { calls, nothingElse } = await watching(layout);
    makeRecipe(layout, 'shop');
    expect(await calls.next()).toEqual(['shop']);
    fs.rmSync(join(layout.generation('shop', 2), 'volumes/data'), { recursive: true });
    expect(await calls.next()).toEqual(['shop']);
    await nothingElse();
  });

  it('a volume of a generation that was put back goes again', async () => {
    const layout = await stateOf('shop', 'the-end');
    const { calls, nothingElse } = await watching(layout);
    fs.renameSync(layout.generation('shop', 2), join(layout.own, 'aside'));
    expect(await calls.next()).toEqual(['shop']);
    fs.renameSync(join(layout.own, 'aside'), layout.generation('shop', 2));
    expect(await calls.next()).toEqual(['shop']);
    fs.rmSync(join(layout.generation('shop', 2), 'volumes/data'), { recursive: true });
    expect(await calls.next()).toEqual(['shop']);
    await nothingElse();
  });
});

describe('several recipes', () => {
  it('are told together where a restored backup brings them all', async () => {
    const layout = await stateOf('shop', 'blog', 'wiki');
    const { calls } = await watching(layout);
    for (const name of ['shop', 'blog', 'wiki']) fs.writeFileSync(layout.record(name), '{ }');
    expect(await calls.next()).toEqual(['blog', 'shop', 'wiki']);
  });
});

describe('nothing is told', () => {
  it('of what a look stores, so that no look leads to the next', async () => {
    const layout = await stateOf('shop', 'the-end');
    const { nothingElse } = await watching(layout);
    replace(layout, layout.memory('shop'), '{}');
    replace(layout, layout.memory('shop'), '{ }');
    replace(layout, layout.passes, '{}');
    await nothingElse();
  });

  it('of what volumes, trials and mirrors hold, and of what is not a recipe’s', async () => {
    const layout = await stateOf('shop', 'the-end');
    const { nothingElse } = await watching(layout);
    fs.writeFileSync(join(layout.generation('shop', 2), 'volumes/data/rows'), 'b');
    fs.writeFileSync(join(layout.generation('shop', 2), 'volumes/data/more'), 'b');
    fs.mkdirSync(layout.trial('shop', '20261125T231423Z-shop-3'));
    fs.writeFileSync(join(layout.mirror('shop'), 'packed-refs'), '');
    fs.mkdirSync(join(layout.root, 'Not a recipe'));
    fs.mkdirSync(join(layout.terms, 'a'));
    await nothingElse();
  });

  it('after its end', async () => {
    const layout = await stateOf('shop');
    const first = await watching(layout);
    const second = await watching(layout);
    await first.close();
    fs.rmSync(layout.record('shop'));
    await second.calls.next();
    await second.close();
    expect(first.calls.unread).toEqual([]);
  });
});

describe('where the system gives fewer watches than it takes', () => {
  it('that is told once, and all are given back', async () => {
    const layout = await stateOf('shop', 'blog', 'the-end');
    const { open } = runOutOfWatches(7);
    const { calls, troubles, close } = await watching(layout);
    expect(await troubles.next()).toMatch(/^cannot watch all of .*none of it is watched: ENOSPC/);
    await vi.waitFor(() => expect(open).toEqual(new Set()));
    await close();
    expect([calls.unread, troubles.unread]).toEqual([[], []]);
  });
});
