/** What is remembered of manifests is read in their place only while every byte of them is the same. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifestFolder, type Surroundings } from '../../src/desired/manifests.ts';
import type { Fleet, FleetMemory } from '../../src/reconciler/model.ts';
import { folderOf, names, recipe, reconciler } from './folder-of.ts';

const FILES = {
  'a.yaml': recipe('a'),
  'team/b.yaml': recipe('b', 'retain: 3'),
  'r.yaml': reconciler('interval: 5m'),
};

async function load(
  folder: string,
  memory: FleetMemory | null,
  over: Partial<Surroundings> = {},
): Promise<Fleet> {
  const surroundings = {
    knownRecipes: () => Promise.resolve(['known']),
    remembered: () => Promise.resolve(memory),
    program: '1.0.0 abc',
  };
  return await manifestFolder(folder, { ...surroundings, ...over }).load();
}

/** A memory that says something else than the files: what comes of it tells which of both was read. */
function altered({ digest, text }: FleetMemory): FleetMemory {
  const other = text.replace('"intervalMs":300000', '"intervalMs":1234');
  return { digest, text: other, check: createHash('sha256').update(digest).update(other).digest('hex') };
}

const intervalOf = ({ config }: Fleet) => (config.readable ? config.value.intervalMs : null);

async function remembered(
  files: Record<string, string> = FILES,
): Promise<{ folder: string; memory: FleetMemory }> {
  const folder = await folderOf(files);
  const { memory } = await load(folder, null);
  if (memory === null) throw new Error('nothing is remembered');
  return { folder, memory };
}

test('the same files are the same fleet, read from memory', async () => {
  const { folder, memory } = await remembered();
  const [parsed, recalled] = [await load(folder, null), await load(folder, memory)];
  expect(recalled).toEqual(parsed);
  expect(names(recalled.manifests)).toEqual(['a', 'b']);
  expect(intervalOf(await load(folder, altered(memory)))).toBe(1234);
});

test.each<[string, (folder: string) => Promise<unknown>]>([
  [
    'a file was edited',
    async (folder) => await writeFile(join(folder, 'a.yaml'), `${recipe('a')}# a comment\n`),
  ],
  ['a file came', async (folder) => await writeFile(join(folder, 'c.yaml'), recipe('c'))],
  ['a file has another name', async (folder) => await rename(join(folder, 'a.yaml'), join(folder, 'z.yaml'))],
  [
    'a file went into another folder',
    async (folder) => {
      await mkdir(join(folder, 'other'));
      await rename(join(folder, 'team/b.yaml'), join(folder, 'other/b.yaml'));
    },
  ],
])('they are read anew once %s', async (_, edit) => {
  const { folder, memory } = await remembered();
  await edit(folder);
  expect(intervalOf(await load(folder, altered(memory)))).toBe(300_000);
});

test('they are read anew by another build of the program, and in another place', async () => {
  const { folder, memory } = await remembered();
  expect(intervalOf(await load(folder, altered(memory), { program: '1.0.0 def' }))).toBe(300_000);
  const elsewhere = await folderOf(FILES);
  expect(intervalOf(await load(elsewhere, altered(memory)))).toBe(300_000);
});

test('a memory that is not whole any more is none', async () => {
  const { folder, memory } = await remembered();
  const { text, check } = altered(memory);
  expect(intervalOf(await load(folder, { ...memory, text }))).toBe(300_000);
  expect(intervalOf(await load(folder, { ...memory, text, check: check.toUpperCase() }))).toBe(300_000);
});

test('problems are remembered as well', async () => {
  const { folder, memory } = await remembered({ ...FILES, 'bad.yaml': recipe('bad', 'retian: 3') });
  const recalled = await load(folder, memory);
  expect(recalled.problems).toEqual((await load(folder, null)).problems);
  expect(recalled.problems[0]?.message).toContain('retian');
  expect(names(recalled.invalid)).toEqual(['bad']);
});

test('nothing is remembered while something cannot be read, and what is remembered is not believed then', async () => {
  const { folder, memory } = await remembered();
  await mkdir(join(folder, 'odd.yaml'));
  await chmod(join(folder, 'a.yaml'), 0o644);
  const found = await load(folder, altered(memory));
  // A folder of that name is looked into, so this one holds nothing; a file that is no text cannot be read.
  await writeFile(join(folder, 'c.yaml'), Buffer.from([0xff, 0xfe]));
  const unreadable = await load(folder, altered(memory));
  expect(intervalOf(found)).toBe(1234);
  expect(intervalOf(unreadable)).toBe(300_000);
  expect(unreadable.memory).toBeNull();
});

test('a fleet that hangs on recipes without manifests is not remembered', async () => {
  const folder = await folderOf({ 'a.yaml': recipe('a', 'dependsOn: [known]') });
  const fleet = await load(folder, null);
  expect(names(fleet.manifests)).toEqual(['a']);
  expect(fleet.memory).toBeNull();
});

test('the files that commands name are looked at all the same', async () => {
  const check = 'checks: [{name: c, phase: installed, command: [sh, check.sh]}]';
  const { folder, memory } = await remembered({ 'a.yaml': recipe('a', check), 'check.sh': 'exit 0' });
  const before = (await load(folder, memory)).manifests[0]?.commandFiles;
  await writeFile(join(folder, 'check.sh'), 'exit 1');
  const after = (await load(folder, memory)).manifests[0]?.commandFiles;
  expect(Object.keys(before ?? {})).toEqual(['check.sh']);
  expect(after).not.toEqual(before);
});
