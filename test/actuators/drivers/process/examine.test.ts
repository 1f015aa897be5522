/** What only reading everything shows, who may get at a secret, and what lies in a generation besides. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { examineHome } from '../../../../src/actuators/drivers/process/examine.ts';
import { readTree } from '../../../../src/actuators/drivers/process/tree.ts';
import type { VolumeRecord } from '../../../../src/reconciler/model.ts';

let folder: string;
let volumes: VolumeRecord[];
const inHome = (...path: string[]): string => join(folder, ...path);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'examine-'));
  await mkdir(inHome('volumes', 'data'), { recursive: true });
  await mkdir(inHome('secrets'));
  await writeFile(inHome('volumes', 'data', 'file'), 'contents');
  await writeFile(inHome('secrets', 'key'), 'secret', { mode: 0o600 });
  const { bytes, files, fingerprint, digest } = await readTree(inHome('volumes', 'data'), { contents: true });
  volumes = [{ name: 'data', bytes, files, fingerprint, digest: digest ?? '' }];
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const examine = async (contents: 'always' | 'where-doubtful' = 'where-doubtful') => {
  const options = { contents, signal: new AbortController().signal };
  const findings = await examineHome({ stack: 's', folder }, { volumes, secrets: ['key'] }, options);
  return findings.filter(({ state }) => state !== 'intact');
};

it('finds a byte that was changed behind size and time only by reading', async () => {
  const file = inHome('volumes', 'data', 'file');
  const reference = inHome('reference');
  await writeFile(reference, '');
  await promisify(execFile)('touch', ['-r', file, reference]);
  await writeFile(file, 'Contents');
  await promisify(execFile)('touch', ['-r', reference, file]);
  await rm(reference);
  expect(await examine()).toEqual([]);
  expect(await examine('always')).toMatchObject([{ kind: 'volume', name: 'data', state: 'corrupted' }]);
});

it('takes a link in the place of a volume for a change of it', async () => {
  await rm(inHome('volumes', 'data'), { recursive: true });
  await symlink('/etc', inHome('volumes', 'data'));
  expect(await examine()).toMatchObject([{ name: 'data', state: 'changed' }]);
});

it.each([
  [0o644, 'exposed'],
  [0o660, 'exposed'],
  [0o4600, 'exposed'],
  [0o700, 'exposed'],
])('a secret with mode %o is exposed, and what mends it is said', async (mode, state) => {
  await chmod(inHome('secrets', 'key'), mode);
  expect(await examine()).toMatchObject([
    { kind: 'secret', name: 'key', state, hint: `chmod 600 ${inHome('secrets', 'key')}` },
  ]);
});

it('lets an owner have fewer rights to a secret than it was made with', async () => {
  await chmod(inHome('secrets', 'key'), 0o400);
  expect((await stat(inHome('secrets', 'key'))).mode & 0o777).toBe(0o400);
  expect(await examine()).toEqual([]);
});

it('takes a secret that is no file for a change', async () => {
  await rm(inHome('secrets', 'key'));
  await symlink('/etc/hostname', inHome('secrets', 'key'));
  expect(await examine()).toMatchObject([{ kind: 'secret', name: 'key', state: 'changed' }]);
});

it('lists what lies there besides, wherever it lies', async () => {
  await writeFile(inHome('notes'), '');
  await mkdir(inHome('volumes', 'other'));
  await writeFile(inHome('secrets', 'old'), '');
  expect((await examine()).map(({ kind, name, state }) => [kind, name, state])).toEqual([
    ['other', inHome('notes'), 'unnamed'],
    ['other', inHome('volumes', 'other'), 'unnamed'],
    ['other', inHome('secrets', 'old'), 'unnamed'],
  ]);
});

it('says of one thing that it cannot be read, and goes on with the others', async () => {
  await rm(inHome('secrets'), { recursive: true });
  await writeFile(inHome('secrets'), 'a file where a folder should be');
  await rm(inHome('volumes', 'data', 'file'));
  expect((await examine()).map(({ kind, state }) => [kind, state])).toEqual([
    ['volume', 'changed'],
    ['secret', 'unreadable'],
    ['other', 'unreadable'],
  ]);
});
