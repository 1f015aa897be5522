import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeTree } from '../../src/state/remove-tree.ts';
import { makeDeepTree } from '../fixtures/odd-files.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tree-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

it('removes folders that lie deeper than a path can reach', async () => {
  mkdirSync(join(root, 'volume'));
  makeDeepTree(join(root, 'volume'));
  await removeTree(join(root, 'volume'));
  expect(readdirSync(root)).toEqual([]);
});

it('is not disturbed by what goes meanwhile, as the rest of a removal does that met an obstacle', async () => {
  for (let round = 0; round < 5; round++) {
    const volume = join(root, 'volume');
    for (let folder = 0; folder < 200; folder++) {
      mkdirSync(join(volume, `beside-${folder}`), { recursive: true });
      writeFileSync(join(volume, `beside-${folder}`, 'file'), 'x');
    }
    makeDeepTree(volume);
    await Promise.all([removeTree(volume), removeTree(volume)]);
    expect(readdirSync(root)).toEqual([]);
  }
});

it('removes what was locked and is named by bytes that are no text', async () => {
  const folder = Buffer.concat([Buffer.from(`${root}/volume/`), Buffer.from([0xff, 0xfe])]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(Buffer.concat([folder, Buffer.from([0x2f, 0xfd])]), '');
  makeDeepTree(join(root, 'volume'));
  chmodSync(folder, 0o000);
  await removeTree(join(root, 'volume'));
  expect(readdirSync(root)).toEqual([]);
});

it('has nothing to do where there is nothing', async () => {
  await removeTree(join(root, 'nothing'));
  expect(readdirSync(root)).toEqual([]);
});
