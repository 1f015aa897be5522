import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fenced } from '../../src/reconciler/errors.ts';
import { Term } from '../../src/state/term.ts';

let root: string;
let term: Term;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'term-'));
  await mkdir(join(root, 'terms', 'one'), { recursive: true });
  term = new Term('one', join(root, 'terms', 'one'), 'mark');
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const at = (...path: string[]): string => join(root, ...path);
const takeOver = (): Promise<void> => rename(at('terms', 'one'), at('ended'));

describe('a held term', () => {
  it('replaces a file as a whole, with the mode asked for, and leaves nothing staged', async () => {
    await term.write(at('deep', 'er', 'file'), 'one', 0o600);
    await term.write(at('deep', 'er', 'file'), 'two', 0o600);
    expect(await readFile(at('deep', 'er', 'file'), 'utf8')).toBe('two');
    expect((await stat(at('deep', 'er', 'file'))).mode & 0o777).toBe(0o600);
    expect(await readdir(join(term.folder, 'staged'))).toEqual([]);
  });

  it('discards files and folders, also those that an app made unwritable, and what is not there', async () => {
    await mkdir(at('data', 'locked'), { recursive: true });
    await writeFile(at('data', 'locked', 'file'), '');
    await (await import('node:fs/promises')).chmod(at('data', 'locked'), 0o000);
    await term.discard(at('data'));
    await term.discard(at('nothing'));
    expect(await readdir(root)).toEqual(['terms']);
    expect(await readdir(join(term.folder, 'staged'))).toEqual([]);
  });

  it('fails with the real cause where the lease is not what is wrong', async () => {
    await writeFile(at('file'), '');
    await expect(term.write(at('file', 'inside'), 'x')).rejects.toThrow('ENOTDIR');
    expect(term.lost.aborted).toBe(false);
  });
});

describe('a term that was taken over', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['write', () => term.write(at('file'), 'late')],
    ['discard', () => term.discard(at('kept'))],
    ['make a folder', () => term.makeFolder('x')],
    ['place what it had staged', () => term.place(join(term.folder, 'generation'), at('placed'))],
  ])('cannot %s', async (_, act) => {
    await writeFile(at('file'), 'before');
    await writeFile(at('kept'), 'kept');
    await mkdir(join(term.folder, 'generation'));
    await takeOver();
    await expect(act()).rejects.toThrow(Fenced);
    expect(await readFile(at('file'), 'utf8')).toBe('before');
    expect(await readFile(at('kept'), 'utf8')).toBe('kept');
    expect((await readdir(root)).toSorted()).toEqual(['ended', 'file', 'kept', 'terms']);
    expect(term.lost.reason).toBeInstanceOf(Fenced);
  });
});
