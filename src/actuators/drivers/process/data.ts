/** Volumes and secrets of a generation as folders and files: made, copied, measured and compared. */
import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { childEnvironment } from '../../../environment.ts';
import { describe, TrialFault } from '../../../reconciler/errors.ts';
import type { Damage, VolumeRecord } from '../../../reconciler/model.ts';
import type { DataHome, Work } from '../../../reconciler/ports.ts';
import { run } from '../../../run.ts';
import { removeTree } from '../../../state/remove-tree.ts';
import { readTree, type TreeFacts } from './tree.ts';

/** A copy of a large volume may take long; the trial's own timeout is what bounds it. */
const COPY_TIMEOUT_MS = 24 * 3_600_000;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SECRET_LENGTH = 32;

const volumesFolder = (home: DataHome): string => join(home.folder, 'volumes');
export const volumeFolder = (home: DataHome, name: string): string => join(home.folder, 'volumes', name);
export const secretFile = (home: DataHome, name: string): string => join(home.folder, 'secrets', name);

/** Makes the home have exactly these volumes: a missing one empty, one that is not named removed. */
export async function shapeVolumes(
  home: DataHome,
  names: readonly string[],
): Promise<{ added: string[]; dropped: string[] }> {
  await assertOwnFolders(home);
  await makeFolder(volumesFolder(home));
  const present = await readdir(volumesFolder(home));
  const added = names.filter((name) => !present.includes(name));
  const dropped = present.filter((name) => !names.includes(name));
  for (const name of added) await mkdir(volumeFolder(home, name), { mode: 0o755 });
  for (const name of dropped) await removeTree(volumeFolder(home, name));
  return { added, dropped };
}

/** Generated once and kept: a database whose password was made anew is not known-good. Returns the values. */
export async function ensureSecrets(home: DataHome, names: readonly string[]): Promise<string[]> {
  if (names.length > 0) await makeFolder(join(home.folder, 'secrets'));
  const values: string[] = [];
  for (const name of names) {
    const present = await readSecret(home, name);
    const value = present ?? randomText();
    if (present === null) await writeFile(secretFile(home, name), value, { mode: 0o600, flag: 'wx' });
    values.push(value);
  }
  return values;
}

/**
 * Copies volumes and secrets, and compares what was copied with what the source was when promoted: so the copy is
 * proof of itself and of its source at once.
 */
export async function cloneHome(
  source: DataHome,
  volumes: readonly VolumeRecord[],
  target: DataHome,
  work: Work,
): Promise<void> {
  await makeFolder(volumesFolder(target));
  for (const { name, digest } of volumes) {
    const from = volumeFolder(source, name);
    await assertPresent(from, `volume ${name} of ${source.stack}`);
    await copyTree(from, volumeFolder(target, name), work);
    const copied = await readTree(volumeFolder(target, name), { contents: true, signal: work.signal });
    if (copied.digest === digest) continue;
    const message = `volume ${name} of ${source.stack} is not what was promoted: its copy has digest ${copied.digest}, expected ${digest}`;
    throw new TrialFault('infra', 'base-changed', message, {
      hint: 'if the next pass says so again, only reading it shows the damage: see "reconcile audit --deep"',
    });
  }
  const secrets = join(source.folder, 'secrets');
  if (await isPresent(secrets)) await copyTree(secrets, join(target.folder, 'secrets'), work);
}

/**
 * A generation is what its manifest declares and nothing else: whatever an app left beside its volumes goes. A volume
 * that the app took away, or replaced by a link to somewhere else, is no volume: its clones would share that place.
 */
export async function measureHome(
  home: DataHome,
  declared: { volumes: readonly string[]; secrets: readonly string[] },
  work: Work,
): Promise<{ volumes: VolumeRecord[]; secrets: string[] }> {
  await assertOwnFolders(home);
  await removeOthers(home.folder, ['volumes', 'secrets'], work);
  await removeOthers(volumesFolder(home), declared.volumes, work);
  await removeOthers(join(home.folder, 'secrets'), declared.secrets, work);
  const volumes: VolumeRecord[] = [];
  for (const name of declared.volumes.toSorted()) {
    const folder = volumeFolder(home, name);
    if (!(await isFolder(folder))) {
      const message = `volume ${name} of ${home.stack} is no folder any more: the app took it away or replaced it`;
      throw new TrialFault('red', 'volume-replaced', message);
    }
    const { bytes, files, fingerprint, digest } = await readOwnTree(home, name, work);
    volumes.push({ name, bytes, files, fingerprint, digest: digest ?? '' });
  }
  for (const name of declared.secrets) await readSecret(home, name);
  return { volumes, secrets: declared.secrets.toSorted() };
}

/** A link in the place of a folder around the volumes would have all that is no volume removed from where it leads. */
async function assertOwnFolders(home: DataHome): Promise<void> {
  for (const folder of [home.folder, volumesFolder(home), join(home.folder, 'secrets')]) {
    if (!(await isPresent(folder)) || !(await lstat(folder)).isSymbolicLink()) continue;
    const message = `${folder}, where the data of ${home.stack} lies, is a link now: the app put it there`;
    throw new TrialFault('red', 'volume-replaced', message);
  }
}

/**
 * A file with another name outside of its volume could be written to from there for as long as the generation is kept,
 * by the next trial of the same app for one: then the volume becomes a copy of itself, which has only its own.
 */
async function readOwnTree(home: DataHome, name: string, work: Work): Promise<TreeFacts> {
  const folder = volumeFolder(home, name);
  const read = async (): Promise<TreeFacts> =>
    await readTree(folder, { contents: true, signal: work.signal }).catch((error: unknown) => {
      throw isOutOfReach(error) ? unreadableVolume(name, home, error) : error;
    });
  const facts = await read();
  if (facts.shared === 0) return facts;
  work.log.note(`volume ${name}: ${facts.shared} files have a name outside of it too, and become copies`);
  const copy = join(home.folder, `copy-of-${name}`);
  await copyTree(folder, copy, work);
  await removeTree(folder);
  await rename(copy, folder);
  return await read();
}

/** The app took the rights to its own files away, or made them unreachable: what cannot be read cannot be kept. */
function unreadableVolume(name: string, home: DataHome, error: unknown): TrialFault {
  const message = `volume ${name} of ${home.stack} cannot be read after its app was stopped: ${describe(error)}`;
  return new TrialFault('red', 'volume-unreadable', message, { cause: error });
}

async function removeOthers(folder: string, names: readonly string[], work: Work): Promise<void> {
  for (const name of (await namesIn(folder)).filter((each) => !names.includes(each))) {
    await removeTree(join(folder, name));
    work.log.note(`removed ${join(folder, name)}: no volume or secret of the manifest`);
  }
}

export async function missingIn(
  home: DataHome,
  { volumes, secrets }: { volumes: readonly VolumeRecord[]; secrets: readonly string[] },
): Promise<Damage[]> {
  const wanted = [
    ...volumes.map(({ name }) => [`volume ${name}`, volumeFolder(home, name)] as const),
    ...secrets.map((name) => [`secret ${name}`, secretFile(home, name)] as const),
  ];
  const missing: Damage[] = [];
  for (const [what, path] of wanted) if (!(await isPresent(path))) missing.push({ kind: 'missing', what });
  return missing;
}

export async function inspectHome(
  home: DataHome,
  expected: { volumes: readonly VolumeRecord[]; secrets: readonly string[] },
): Promise<{ damage: Damage[]; bytes: number; allocatedBytes: number }> {
  const damage: Damage[] = [];
  let [bytes, allocatedBytes] = [0, 0];
  for (const volume of expected.volumes) {
    const folder = volumeFolder(home, volume.name);
    if (!(await isPresent(folder))) {
      damage.push({ kind: 'missing', what: `volume ${volume.name}` });
      continue;
    }
    const now = await readTree(folder, { contents: false });
    bytes += now.bytes;
    allocatedBytes += now.allocatedBytes;
    if (now.fingerprint === volume.fingerprint) continue;
    const { digest } = await readTree(folder, { contents: true });
    if (digest !== volume.digest) damage.push({ kind: 'changed', what: `volume ${volume.name}` });
  }
  damage.push(...(await missingIn(home, { volumes: [], secrets: expected.secrets })));
  return { damage, bytes, allocatedBytes };
}

export async function flushHome(home: DataHome, work: Work): Promise<void> {
  const result = await command('sync', ['-f', '--', home.folder], work);
  if (result.exitCode !== 0) {
    throw new TrialFault(
      'infra',
      'flush-failed',
      `could not force ${home.folder} to disk: ${result.notRunnable ?? result.stderr.trim()}`,
    );
  }
}

/** `cp` keeps modes, owners, times, links, sparseness and attributes, and shares blocks where the file system can. */
async function copyTree(from: string, to: string, work: Work): Promise<void> {
  const gnu = ['-a', '--reflink=auto', '--sparse=auto'];
  let result = await command('cp', [...gnu, '--', from, to], work);
  if (result.exitCode !== 0 && /unrecognized option|invalid option/i.test(result.stderr)) {
    result = await command('cp', ['-a', '--', from, to], work);
  }
  if (result.exitCode === 0) return;
  const why =
    result.notRunnable ?? (result.stderr.trim().split('\n')[0] || `cp ended with ${result.exitCode}`);
  throw new TrialFault('infra', 'copy-failed', `could not copy ${from} to ${to}: ${why}`);
}

async function command(file: string, args: readonly string[], work: Work) {
  const env = childEnvironment({ LC_ALL: 'C' });
  return await run(file, args, { env, timeoutMs: COPY_TIMEOUT_MS, mark: work.mark, signal: work.signal });
}

/**
 * A folder directly in a home, which is made too, for nobody else to look into. Nothing above the home is ever made: once
 * the lease is lost that is gone, and must stay so (invariant I5).
 */
async function makeFolder(path: string): Promise<void> {
  for (const folder of [dirname(path), path]) {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!isExisting(error)) throw error;
    });
  }
}

async function assertPresent(path: string, what: string): Promise<void> {
  if (await isPresent(path)) return;
  throw new TrialFault('infra', 'base-missing', `${what} is missing: there is no ${path}`);
}

/** Only ENOENT is absence; what may not be looked at is an error (invariant I7). */
async function isPresent(path: string): Promise<boolean> {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw new Error(`cannot look at ${path}: ${describe(error)}`, { cause: error });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await isPresent(path)) && (await lstat(path)).isDirectory();
}

async function namesIn(folder: string): Promise<string[]> {
  return (await isPresent(folder)) ? await readdir(folder) : [];
}

/** Null where it is missing. Neither followed nor waited for: the app may have put a link or a pipe there. */
async function readSecret(home: DataHome, name: string): Promise<string | null> {
  const path = secretFile(home, name);
  if (!(await isPresent(path))) return null;
  if (!(await lstat(path)).isFile()) {
    const message = `secret ${name} of ${home.stack} is no file any more: the app replaced it`;
    throw new TrialFault('red', 'secret-replaced', message);
  }
  return await readFile(path, 'utf8');
}

function isOutOfReach(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['EACCES', 'EPERM', 'ENAMETOOLONG'].includes(code);
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function randomText(): string {
  // 248 is the largest multiple of 62 in a byte: what lies above would make the first characters more likely.
  const usable = [...randomBytes(SECRET_LENGTH * 4)].filter((byte) => byte < 248).slice(0, SECRET_LENGTH);
  return usable.map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
