import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readStored } from '../../src/state/stored.ts';
import { makePipe } from '../fixtures/odd-files.ts';

const Anything = z.unknown();
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stored-'));
  file = join(folder, 'file.json');
});

afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

describe('a stored file', () => {
  it('that is not there is absent, and nothing else is', async () => {
    expect(await readStored(file, Anything)).toEqual({ readable: true, value: null });
    expect(await readStored(join(folder, 'folder', 'file.json'), Anything)).toMatchObject({ value: null });
    writeFileSync(join(folder, 'folder'), '');
    expect(await readStored(join(folder, 'folder', 'file.json'), Anything)).toMatchObject({
      readable: false,
    });
  });

  it('that is a pipe, a folder or a device is refused, and not waited for', async () => {
    makePipe(file);
    mkdirSync(join(folder, 'folder'));
    for (const path of [file, join(folder, 'folder'), '/dev/zero']) {
      const read = await readStored(path, Anything);
      expect(read).toMatchObject({ readable: false, damaged: false });
      expect(read.readable ? '' : read.why).toContain(path);
    }
  });

  it('that is larger than any of ours is refused before it is read', async () => {
    writeFileSync(file, '');
    truncateSync(file, 2 ** 40);
    expect(await readStored(file, Anything)).toMatchObject({ readable: false, damaged: false });
  });

  it.each([
    ['is no JSON', '{'],
    ['holds something else', '"x"'],
    ['nests deeper than could be written again', `${'['.repeat(201)}${']'.repeat(201)}`],
  ])('that %s is damaged', async (_, text) => {
    writeFileSync(file, text);
    expect(await readStored(file, z.array(z.unknown()))).toMatchObject({ readable: false, damaged: true });
  });

  it('may hold brackets in its texts', async () => {
    const value = [`${'['.repeat(500)}\\"{`, '\\', '"{{{'];
    writeFileSync(file, JSON.stringify(value));
    expect(await readStored(file, Anything)).toEqual({ readable: true, value });
  });
});
