import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  lchown,
  lutimes,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processDriver } from '../../../../src/actuators/drivers/process/driver.ts';
import { readTree } from '../../../../src/actuators/drivers/process/tree.ts';
import type { NewHome, Work } from '../../../../src/reconciler/ports.ts';
import { bareManifest } from './harness.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tree-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const manifest = bareManifest({ command: ['true'], volumes: ['data'], secrets: [] });
const work: Work = {
  signal: new AbortController().signal,
  log: { note: () => {}, output: () => {}, conceal: () => {} },
  mark: 'f'.repeat(32),
};

type Entry =
  | { kind: 'file'; content: Uint8Array; mode: number; mtime: number }
  | { kind: 'folder'; entries: Tree; mode: number; mtime: number }
  | { kind: 'link'; target: string };
type Tree = Record<string, Entry>;

/** Names with spaces, dashes, line ends, and bytes outside ASCII, as apps have them. */
const name = fc.oneof(
  fc.constantFrom('a', '-rf', 'b c', 'ä', 'line\nend', '.hidden', '..x'),
  fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..'),
);
const mode = fc.constantFrom(0o600, 0o644, 0o755, 0o700, 0o640);
const mtime = fc.integer({ min: 1, max: 2_000_000_000 });
const file = fc.record({
  kind: fc.constant('file' as const),
  content: fc.uint8Array({ maxLength: 200 }),
  mode,
  mtime,
});
const symbolic = fc.record({
  kind: fc.constant('link' as const),
  target: fc.constantFrom('a', '/etc/passwd', '../..', 'nowhere'),
});
const { tree } = fc.letrec<{ tree: Tree; entry: Entry }>((tie) => ({
  tree: fc.dictionary(name, tie('entry'), { maxKeys: 4, noNullPrototype: true }),
  entry: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    file,
    symbolic,
    fc.record({
      kind: fc.constant('folder' as const),
      entries: tie('tree'),
      mode: fc.constantFrom(0o755, 0o700),
      mtime,
    }),
  ),
}));

function homeIn(parent: string, stack: string): NewHome {
  return { stack, folder: join(parent, stack), owner: { recipe: 'app', generation: 1, trial: 'trial-1' } };
}

async function plant(at: string, entries: Tree): Promise<void> {
  await mkdir(at);
  for (const [each, entry] of Object.entries(entries)) {
    const path = `${at}/${each}`;
    if (entry.kind === 'link') await symlink(entry.target, path);
    else {
      if (entry.kind === 'folder') await plant(path, entry.entries);
      else await writeFile(path, entry.content);
      await chmod(path, entry.mode);
      await utimes(path, entry.mtime, entry.mtime);
    }
  }
}

const facts = async (path: string) => await readTree(path, { contents: true });

describe('a clone', () => {
  it(
    'has the fingerprint and the digest of its source, whatever that holds',
    { timeout: 60_000 },
    async () => {
      const driver = processDriver();
      let count = 0;
      await fc.assert(
        fc.asyncProperty(tree, async (entries) => {
          const [source, target] = [homeIn(folder, `one-${++count}`), homeIn(folder, `two-${count}`)];
          await mkdir(join(source.folder, 'volumes'), { recursive: true });
          await plant(join(source.folder, 'volumes', 'data'), entries);
          const measured = await driver.measure(source, manifest, work);
          await driver.clone(source, measured.volumes, target, work);
          expect(await driver.measure(target, manifest, work)).toEqual(measured);
          expect(await driver.measure(source, manifest, work)).toEqual(measured);
        }),
        { numRuns: 40 },
      );
    },
  );

  it('keeps links, pipes, holes and several names of one file', async () => {
    const driver = processDriver();
    const source = homeIn(folder, 'one');
    const target = homeIn(folder, 'two');
    const data = join(source.folder, 'volumes', 'data');
    await mkdir(data, { recursive: true });
    await symlink('/etc/passwd', join(data, 'link'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(data, 'pipe')]);
    await writeFile(join(data, 'holes'), '');
    await truncate(join(data, 'holes'), 50 * 1024 * 1024);
    await writeFile(join(data, 'big'), Buffer.alloc(1024 * 1024, 1));
    await link(join(data, 'big'), join(data, 'big-too'));
    const measured = await driver.measure(source, manifest, work);
    await driver.clone(source, measured.volumes, target, work);
    expect(await driver.measure(target, manifest, work)).toEqual(measured);
    const there = await facts(join(target.folder, 'volumes', 'data'));
    expect(there).toMatchObject({ files: 3, bytes: 52 * 1024 * 1024 });
    expect(there.allocatedBytes).toBeLessThan(1.5 * 1024 * 1024);
  });
});

const isRoot = process.getuid?.() === 0;

interface Change {
  name: string;
  digest: boolean;
  change: (root: string) => Promise<unknown>;
  forRoot?: true;
}

/** Each is one change of one thing; `digest` says whether it is one of what the tree says. */
const changes: Change[] = [
  {
    name: 'contents, with the same size and time',
    digest: true,
    change: (root) => overwrite(`${root}/file`, 'DATA'),
  },
  { name: 'contents that grew', digest: true, change: (root) => overwrite(`${root}/file`, 'data and more') },
  { name: 'a mode', digest: true, change: (root) => chmod(`${root}/file`, 0o600) },
  { name: 'a setuid bit', digest: true, change: (root) => chmod(`${root}/file`, 0o4644) },
  { name: 'the mode of the folder itself', digest: true, change: (root) => chmod(root, 0o711) },
  { name: 'an owner', digest: true, forRoot: true, change: (root) => lchown(`${root}/link`, 12, 0) },
  { name: 'a group', digest: true, forRoot: true, change: (root) => lchown(`${root}/link`, 0, 12) },
  { name: 'the target of a link', digest: true, change: (root) => relink(`${root}/link`) },
  { name: 'a name', digest: true, change: (root) => rename(`${root}/file`, `${root}/file2`) },
  { name: 'a name in a folder', digest: true, change: (root) => rename(`${root}/sub/a`, `${root}/sub/b`) },
  { name: 'an entry that is new', digest: true, change: (root) => mkdir(`${root}/sub/c`) },
  { name: 'an entry that is gone', digest: true, change: (root) => rm(`${root}/sub/a`) },
  {
    name: 'a file that became a folder',
    digest: true,
    change: (root) => rm(`${root}/sub/a`).then(() => mkdir(`${root}/sub/a`)),
  },
  { name: 'the time of a file', digest: false, change: (root) => utimes(`${root}/file`, 5, 5) },
  { name: 'the time of a link', digest: false, change: (root) => lutimes(`${root}/link`, 5, 5) },
  { name: 'the time of the folder itself', digest: false, change: (root) => utimes(root, 5, 5) },
];

async function overwrite(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await utimes(path, 1, 1);
}

async function relink(path: string): Promise<void> {
  await rm(path);
  await symlink('fil2', path);
}

describe('a fingerprint', () => {
  let root: string;
  beforeEach(async () => {
    root = join(folder, 'tree');
    await plant(root, {
      file: { kind: 'file', content: Buffer.from('data'), mode: 0o644, mtime: 1 },
      link: { kind: 'link', target: 'file' },
      sub: {
        kind: 'folder',
        mode: 0o755,
        mtime: 1,
        entries: { a: { kind: 'file', content: Buffer.from('a'), mode: 0o644, mtime: 1 } },
      },
    });
  });

  it.each(changes.filter((each) => !each.digest))(
    'changes with $name, and the digest does not',
    async ({ change }) => {
      const before = await facts(root);
      await change(root);
      const after = await facts(root);
      expect(after.fingerprint).not.toBe(before.fingerprint);
      expect(after.digest).toBe(before.digest);
    },
  );

  it.each(changes.filter((each) => each.digest && (isRoot || !each.forRoot)))(
    'or the digest changes with $name',
    async ({ name: what, change }) => {
      const before = await facts(root);
      await change(root);
      const after = await facts(root);
      expect(after.digest).not.toBe(before.digest);
      // Only contents were not read for it.
      expect(after.fingerprint !== before.fingerprint).toBe(what !== 'contents, with the same size and time');
    },
  );

  it('has the format that it says it has', async () => {
    await rm(root, { recursive: true });
    await mkdir(root, { mode: 0o755 });
    await chmod(root, 0o755);
    await writeFile(join(root, 'f'), 'abc');
    await chmod(join(root, 'f'), 0o640);
    await utimes(join(root, 'f'), 7, 7);
    await utimes(root, 9, 9);
    const { uid, gid } = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const fields = (...each: (string | number)[]): string => each.map((one) => `${one}\0`).join('');
    const second = 1_000_000_000n;
    expect(await facts(root)).toMatchObject({
      fingerprint: hash(
        fields('', 'folder', '755', uid, gid, '', `${9n * second}`) +
          fields('f', 'file', '640', uid, gid, 3, `${7n * second}`),
      ),
      digest: hash(
        `${fields('', 'folder', '755', uid, gid, '')}${fields('f', 'file', '640', uid, gid, 3)}abc`,
      ),
      bytes: 3,
      files: 1,
    });
  });

  it('tells names apart that are no valid text', async () => {
    const before = await facts(root);
    await writeFile(Buffer.from([...Buffer.from(`${root}/`), 0xff]), '');
    const first = await facts(root);
    await rename(
      Buffer.from([...Buffer.from(`${root}/`), 0xff]),
      Buffer.from([...Buffer.from(`${root}/`), 0xfe]),
    );
    const second = await facts(root);
    expect(new Set([before.digest, first.digest, second.digest]).size).toBe(3);
    expect(await readdir(root)).toHaveLength(4);
  });

  it('names the path that it could not read', async () => {
    await expect(readTree(join(root, 'gone'), { contents: false })).rejects.toThrow(join(root, 'gone'));
  });
});
