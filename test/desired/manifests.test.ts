import { mkdir, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestFolder } from '../../src/desired/manifests.ts';
import { readStored } from '../../src/desired/recipe.ts';
import { CannotRun } from '../../src/reconciler/errors.ts';
import { makePipe } from '../fixtures/odd-files.ts';
import { folderOf, load, names, recipe, reconciler } from './folder-of.ts';

const none = () => Promise.resolve([]);

async function loadFolder(folder: string) {
  return await manifestFolder(folder, { knownRecipes: none }).load();
}

describe('which files are manifests', () => {
  test('every *.yaml and *.yml below the folder, whatever lies beside them', async () => {
    const { manifests, problems } = await load({
      'b.yaml': recipe('b'),
      'team/deep/a.yml': recipe('a'),
      'README.md': '# not YAML: [',
      'checks/login.sh': 'exit 0',
      'c.yaml.bak': 'x: [',
    });
    expect(names(manifests)).toEqual(['b', 'a']);
    expect(problems).toEqual([]);
  });

  test('nothing in a folder or file whose name begins with a dot', async () => {
    const { manifests, problems } = await load({
      '.git/x.yaml': 'x: [',
      '.#a.yaml': 'x: [',
      'a.yaml': recipe('a'),
    });
    expect([names(manifests), problems]).toEqual([['a'], []]);
  });

  test('a link to a file, and to a folder elsewhere', async () => {
    const elsewhere = await folderOf({ 'a.yaml': recipe('a'), 'more/b.yaml': recipe('b') });
    const folder = await folderOf({});
    await symlink(join(elsewhere, 'a.yaml'), join(folder, 'a.yaml'));
    await symlink(join(elsewhere, 'more'), join(folder, 'linked'));
    expect(names((await loadFolder(folder)).manifests)).toEqual(['a', 'b']);
  });

  test('a folder once, though links lead to it in circles', async () => {
    const folder = await folderOf({ 'team/a.yaml': recipe('a') });
    await symlink('..', join(folder, 'team', 'up'));
    await symlink('team', join(folder, 'again'));
    const { manifests, problems } = await loadFolder(folder);
    expect(manifests.map(({ file }) => relative(folder, file))).toEqual(['team/a.yaml']);
    expect(problems).toEqual([]);
  });

  test('no folder at all is none: an empty one is an empty fleet', async () => {
    expect(await load({})).toMatchObject({
      manifests: [],
      invalid: [],
      problems: [],
      config: { readable: true },
    });
  });
});

describe('a folder that cannot be read at all', () => {
  test.each([
    ['does not exist', async () => join(await folderOf({}), 'nowhere'), 'it does not exist'],
    [
      'is a file',
      async () => join(await folderOf({ 'a.yaml': recipe('a') }), 'a.yaml'),
      'it is not a folder',
    ],
  ])('is an error with a hint where it %s', async (_, make, why) => {
    const folder = await make();
    const failure: unknown = await loadFolder(folder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CannotRun);
    expect(failure).toMatchObject({
      message: `cannot read the manifests in ${folder}: ${why}`,
      hint: expect.stringContaining('--manifests'),
    });
  });
});

describe('a file that cannot be read', () => {
  test.each([
    ['is not UTF-8', new Uint8Array([0x61, 0x3a, 0x20, 0xff]), 'it is not UTF-8 text'],
    ['is larger than a mebibyte', `# ${'x'.repeat(1024 * 1024)}`, 'it is larger than 1024 KiB'],
    ['holds a NUL', 'a: \0', 'holds a NUL character'],
    ['is no YAML', 'a: [', 'YAML: '],
    ['is YAML of something else', 'version: "3.8"\nservices: {}\n', 'missing key "kind"'],
    ['is a list', '- a\n', 'expected a mapping, got a list'],
    [
      'is of an unknown kind',
      'apiVersion: reconcile/v1\nkind: Deployment\n',
      'expected "Recipe" or "Reconciler", got "Deployment"',
    ],
    [
      'is of an unknown version',
      recipe('x').replace('v1', 'v2'),
      'expected "reconcile/v1", got "reconcile/v2"',
    ],
  ])('never stops the other recipes where it %s', async (_, contents, message) => {
    const { manifests, invalid, messages } = await load({
      'team/bad.yaml': contents,
      'good.yaml': recipe('good'),
    });
    expect(names(manifests)).toEqual(['good']);
    expect(invalid).toHaveLength(1);
    expect(messages.join('\n')).toContain(message);
  });

  test('is listed under its path below the folder, or under the name that can be read of it', async () => {
    const { invalid } = await load({
      'team/bad.yaml': 'a: [',
      'half.yaml': recipe('half', 'branch: [x'),
      'wrong.yaml': recipe('wrong', 'retain: 0'),
    });
    expect(names(invalid).toSorted()).toEqual(['half', 'team/bad.yaml', 'wrong']);
    for (const { problems } of invalid) expect(problems.length).toBeGreaterThan(0);
  });

  test('is a problem where it is a link to nothing, a link to itself, or a pipe', async () => {
    const folder = await folderOf({ 'good.yaml': recipe('good') });
    await symlink('nowhere', join(folder, 'dangling.yaml'));
    await symlink('loop.yaml', join(folder, 'loop.yaml'));
    makePipe(join(folder, 'pipe.yaml'));
    const { manifests, invalid, problems } = await loadFolder(folder);
    expect(names(manifests)).toEqual(['good']);
    expect(names(invalid)).toEqual(['dangling.yaml', 'loop.yaml', 'pipe.yaml']);
    expect(problems.map(({ message }) => message)).toEqual([
      'cannot read the file: it does not exist',
      'cannot read the file: its links lead in a circle',
      'cannot read the file: it is not a regular file',
    ]);
  });

  test('is ignored where it is a link to nothing that would be no manifest', async () => {
    const folder = await folderOf({ 'good.yaml': recipe('good') });
    await symlink('nowhere', join(folder, 'dangling'));
    expect((await loadFolder(folder)).problems).toEqual([]);
  });

  test('with a byte order mark is read as without', async () => {
    const { manifests, messages } = await load({
      'a.yaml': `\uFEFF${recipe('a')}`,
      'b.yaml': `\uFEFFkind: x`,
    });
    expect(names(manifests)).toEqual(['a']);
    expect(messages).toContainEqual(expect.stringMatching(/^b\.yaml:1:7: expected "Recipe" or/));
  });
});

describe('several documents in one file', () => {
  test('are judged one by one', async () => {
    const { manifests, invalid, messages } = await load({
      'all.yaml': [recipe('a'), recipe('b', 'retain: 0'), reconciler('interval: 1m'), recipe('c')].join(
        '---\n',
      ),
    });
    expect([names(manifests), names(invalid)]).toEqual([['a', 'c'], ['b']]);
    expect(messages).toEqual(['all.yaml:14:11: expected at least 1, got 0 (number)']);
  });

  test('have a misspelled kind said once, and are judged by what was meant', async () => {
    const { messages } = await load({ 'a.yaml': recipe('a', 'retain: 0').replace('Recipe', 'Recpie') });
    expect(messages).toEqual([
      'a.yaml:2:7: expected "Recipe" or "Reconciler", got "Recpie", did you mean "Recipe"?',
      'a.yaml:7:11: expected at least 1, got 0 (number)',
    ]);
  });

  test('are all in doubt where the structure of the file is broken', async () => {
    const { manifests, invalid, messages } = await load({
      'all.yaml': `${recipe('a')}---\n${recipe('b', 'branch: [x')}`,
    });
    // One fault of the file is one message, though all documents have it.
    expect(new Set(messages).size).toBe(messages.length);
    expect([names(manifests), names(invalid)]).toEqual([[], ['a', 'b']]);
  });
});

describe('a name that is used more than once', () => {
  test('makes every document of that name invalid, each naming the other place', async () => {
    const { manifests, invalid, messages } = await load({
      'a.yaml': recipe('app'),
      'b.yaml': `${recipe('other')}---\n${recipe('app')}`,
    });
    expect(names(manifests)).toEqual(['other']);
    expect(names(invalid)).toEqual(['app']);
    expect(messages).toEqual([
      'a.yaml:4:9: the name "app" is used more than once; another is at b.yaml:11:9',
      'b.yaml:11:9: the name "app" is used more than once; another is at a.yaml:4:9',
    ]);
  });

  test('counts in a document that is invalid otherwise, too', async () => {
    const { manifests, messages } = await load({
      'a.yaml': recipe('app'),
      'b.yaml': recipe('app', 'retain: 0'),
    });
    expect(manifests).toEqual([]);
    expect(messages).toHaveLength(3);
  });

  test('does not count in a file whose structure is broken: the other recipe goes on', async () => {
    const { manifests, invalid } = await load({
      'a.yaml': recipe('app'),
      'b.yaml': recipe('app', 'branch: ['),
    });
    expect([names(manifests), names(invalid)]).toEqual([['app'], ['b.yaml']]);
  });

  test('is shown with a few of its places, not with thousands', async () => {
    const { messages } = await load({
      'a.yaml': Array.from({ length: 50 }, () => recipe('app')).join('---\n'),
    });
    expect(messages).toHaveLength(50);
    expect(messages[20]?.length).toBeLessThan(200);
  });
});

describe('a mirror that several recipes name', () => {
  const mirrored = (name: string, url: string) => recipe(name, 'mirror:', `  url: ${url}`);

  test('makes all of them invalid, and each names where the others are', async () => {
    const { manifests, invalid, messages } = await load({
      'a.yaml': mirrored('a', 'https://mirror.example.org/app.git'),
      'b.yaml': mirrored('b', 'git@MIRROR.example.org:%61pp'),
      'c.yaml': mirrored('c', 'https://mirror.example.org.//%61pp'),
      'd.yaml': recipe('d'),
      'e.yaml': recipe('e'),
    });
    expect(names(manifests)).toEqual(['b', 'd', 'e']);
    expect(names(invalid)).toEqual(['a', 'c']);
    expect(messages).toEqual([
      'a.yaml:8:10: it is the mirror of more than one recipe; another is at c.yaml:8:10',
      'c.yaml:8:10: it is the mirror of more than one recipe; another is at a.yaml:8:10',
    ]);
  });

  test('is found by where a relative path leads', async () => {
    const { messages } = await load({
      'a.yaml': mirrored('a', './mirrors/app'),
      'team/b.yaml': mirrored('b', '../mirrors/app.git'),
    });
    expect(messages).toHaveLength(2);
  });
});

describe('what a manifest knows of its place', () => {
  test('its file as people see it, and its folder as an absolute path', async () => {
    const folder = await folderOf({ 'team/a.yaml': recipe('a') });
    const shown = relative(process.cwd(), folder);
    const { manifests } = await loadFolder(shown);
    expect(manifests[0]).toMatchObject({ file: join(shown, 'team/a.yaml'), folder: join(folder, 'team') });
  });

  test('an upstream beside it, also when its stored document is read from elsewhere', async () => {
    const { manifests, folder } = await load({
      'team/a.yaml': recipe('a').replace('https://git.example.org/app.git', '../repos/a'),
    });
    expect(manifests[0]?.upstream).toBe(join(folder, 'repos/a'));
    const again = readStored({ file: 'x', folder: '/', document: manifests[0]?.document });
    expect(again?.upstream).toBe(join(folder, 'repos/a'));
  });
});

test('the fleet is the same in whatever order the files were made, and at every look', async () => {
  const files = Object.entries({
    'b.yaml': recipe('b', 'retain: 0', 'nonsense: 1'),
    'a/z.yaml': recipe('z'),
    'a.yaml': recipe('a', 'dependsOn: [nobody]'),
    'c.yaml': `${recipe('d')}---\n${recipe('c')}`,
  });
  const one = await load(Object.fromEntries(files));
  const other = await load(Object.fromEntries(files.toReversed()));
  expect(one.messages).toEqual(other.messages);
  expect(one.messages.map((message) => message.split(' ')[0])).toEqual([
    'a.yaml:7:15:',
    'b.yaml:7:11:',
    'b.yaml:8:3:',
  ]);
  expect(names(one.manifests)).toEqual(names(other.manifests));
  expect(names(one.manifests)).toEqual(['z', 'd', 'c']);
  expect(await loadFolder(one.folder)).toEqual(await loadFolder(one.folder));
});

test('a manifest that was edited is read anew at the next look', async () => {
  const folder = await folderOf({ 'a.yaml': recipe('a') });
  const source = manifestFolder(folder, { knownRecipes: none });
  expect(names((await source.load()).manifests)).toEqual(['a']);
  await mkdir(join(folder, 'more'));
  await symlink(join(folder, 'a.yaml'), join(folder, 'more', 'b.yaml'));
  expect((await source.load()).manifests).toEqual([]);
});
