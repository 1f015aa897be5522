/** What is said of a mirror is what git says of it, and a mirror that cannot be asked is not one that is empty. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mirrorReader } from '../../src/observed/mirrors.ts';
import type { MirrorReader } from '../../src/reconciler/ports.ts';
import { Layout } from '../../src/state/layout.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';

let root: string;
let mirror: UpstreamRepo;
let reader: MirrorReader;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mirrors-'));
  reader = mirrorReader({ layout: new Layout(root), mark: 'mark', timeoutMs: 20_000 });
  mirror = await UpstreamRepo.create(join(root, 'app', 'mirror.git'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const ask = (tag: string | null, commits: readonly string[], recipe = 'app') =>
  reader.facts(recipe, { tag, commits }, new AbortController().signal);

it('tells kept, unkept and missing commits apart, and peels a tag of a tag', async () => {
  const one = await mirror.commit({ a: '1' });
  const two = await mirror.commit({ a: '2' });
  await mirror.tag('1.0.0+1', { message: 'annotated', at: one });
  await mirror.tag('1.1.0+1', { message: 'a tag of a tag', at: '1.0.0+1' });
  await mirror.git('update-ref', `refs/reconcile/kept/${one}`, one);
  const none = '0'.repeat(39) + '1';
  expect(await ask('1.1.0+1', [one, two, none])).toEqual({
    readable: true,
    value: { tagCommit: one, commits: { [one]: 'kept', [two]: 'unkept', [none]: 'missing' } },
  });
});

it('finds no commit in what is a tree, no tag where there is none, and none that is kept under another name', async () => {
  const one = await mirror.commit({ a: '1' });
  const two = await mirror.commit({ a: '2' });
  const tree = await mirror.git('rev-parse', 'HEAD^{tree}');
  await mirror.git('update-ref', `refs/reconcile/kept/${one}`, two);
  expect(await ask('1.0.0+1', [one, tree])).toEqual({
    readable: true,
    value: { tagCommit: null, commits: { [one]: 'unkept', [tree]: 'missing' } },
  });
  expect(await ask(null, [])).toEqual({ readable: true, value: { tagCommit: null, commits: {} } });
});

it('says null where there is no mirror, and cannot say where git does not take it for one', async () => {
  expect(await ask(null, [], 'web')).toEqual({ readable: true, value: null });
  await writeFile(join(mirror.folder, '.git', 'HEAD'), 'nonsense');
  expect(await ask(null, [])).toMatchObject({ readable: false });
});
