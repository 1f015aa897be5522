import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestFolder } from '../../src/desired/manifests.ts';
import { makePipe } from '../fixtures/odd-files.ts';
import { folderOf, recipe } from './folder-of.ts';

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const { manifests, problems } = await manifestFolder(folder, {
    knownRecipes: () => Promise.resolve(['db']),
  }).load();
  expect(problems).toEqual([]);
  return manifests[0]?.commandFiles ?? {};
}

function check(...command: string[]): string {
  return recipe('a', `checks: [{name: c, phase: installed, command: ${JSON.stringify(command)}}]`);
}

test('a file that a check names counts with its contents, and an edit shows', async () => {
  const folder = await folderOf({
    'team/a.yaml': check('sh', 'checks/login.sh', '-x'),
    'team/checks/login.sh': 'exit 0',
  });
  expect(await filesOf(folder)).toEqual({ 'checks/login.sh': sha256('exit 0') });
  await writeFile(join(folder, 'team/checks/login.sh'), 'exit 1');
  expect(await filesOf(folder)).toEqual({ 'checks/login.sh': sha256('exit 1') });
});

test('so does a file that a provide command names', async () => {
  const folder = await folderOf({
    'a.yaml': recipe('a', 'dependsOn: [{name: db, provide: [[./one.sh], [sh, two.sh]]}]'),
    'one.sh': '1',
    'two.sh': '2',
  });
  expect(await filesOf(folder)).toEqual({ './one.sh': sha256('1'), 'two.sh': sha256('2') });
});

test('a file above the folder counts where it is named relatively, and an absolute one only within', async () => {
  const folder = await folderOf({ 'shared.sh': 's', 'team/in.sh': 'i' });
  const named = ['../shared.sh', join(folder, 'shared.sh'), join(folder, 'team/in.sh'), '/etc/passwd'];
  await writeFile(join(folder, 'team/a.yaml'), check('sh', ...named));
  expect(await filesOf(folder)).toEqual({
    '../shared.sh': sha256('s'),
    [join(folder, 'team/in.sh')]: sha256('i'),
  });
});

test('what is no regular file does not count: nothing, a folder, a pipe, an option, words', async () => {
  const folder = await folderOf({
    'a.yaml': check('sh', '-c', 'echo hello', '', 'nowhere.sh', 'dir', 'pipe', 'x'.repeat(5000)),
  });
  await mkdir(join(folder, 'dir'));
  makePipe(join(folder, 'pipe'));
  expect(await filesOf(folder)).toEqual({});
});

test('beyond four mebibytes a file counts with its size', async () => {
  const start = 'x'.repeat(4 * 1024 * 1024);
  const folder = await folderOf({ 'a.yaml': check('./big'), big: `${start}abc` });
  const digest = (await filesOf(folder))['./big'];
  await writeFile(join(folder, 'big'), `${start}xyz`);
  expect((await filesOf(folder))['./big']).toBe(digest);
  await writeFile(join(folder, 'big'), `${start}longer`);
  expect((await filesOf(folder))['./big']).not.toBe(digest);
  await writeFile(join(folder, 'big'), start);
  expect((await filesOf(folder))['./big']).toBe(sha256(start));
});
