/**
 * A generation's data for an audit: every volume and secret by itself, and whatever lies beside them. Reads only; the
 * quick comparison that every look makes is `inspectHome`.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from '../../../reconciler/errors.ts';
import type { Finding, VolumeRecord } from '../../../reconciler/model.ts';
import type { DataHome } from '../../../reconciler/ports.ts';
import { GENERATION_FILE } from '../../../state/layout.ts';
import { secretFile, volumeFolder } from './data.ts';
import { readTree } from './tree.ts';

/** As secrets are made: their owner reads and writes them, nobody else does anything. */
const OWNER_ONLY = 0o600;

interface Expected {
  volumes: readonly VolumeRecord[];
  secrets: readonly string[];
}

interface Options {
  contents: 'always' | 'where-doubtful';
  signal: AbortSignal;
}

type State = Pick<Finding, 'state' | 'why' | 'hint'>;

export async function examineHome(home: DataHome, expected: Expected, options: Options): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const volume of expected.volumes) {
    const folder = volumeFolder(home, volume.name);
    findings.push(await readably('volume', volume.name, () => examineVolume(folder, volume, options)));
  }
  for (const name of expected.secrets) {
    findings.push(await readably('secret', name, () => examineSecret(secretFile(home, name))));
  }
  return [...findings, ...(await unnamedIn(home, expected))];
}

/** What cannot be read is a finding of its own, not the end of the others. */
async function readably(
  kind: Finding['kind'],
  name: string,
  examine: () => Promise<State>,
): Promise<Finding> {
  try {
    return { kind, name, ...(await examine()) };
  } catch (error) {
    return { kind, name, ...state('unreadable', describe(error)) };
  }
}

async function examineVolume(folder: string, volume: VolumeRecord, options: Options): Promise<State> {
  const { signal } = options;
  if ((await statusOf(folder)) === null) return state('missing', `there is no ${folder}`);
  const seen = await readTree(folder, { contents: options.contents === 'always', signal });
  const same = seen.fingerprint === volume.fingerprint;
  if (same && seen.digest === null) return state('intact');
  const digest = seen.digest ?? (await readTree(folder, { contents: true, signal })).digest;
  if (digest === volume.digest) {
    return same ? state('intact') : state('touched', 'times in it moved, its contents are as promoted');
  }
  return same
    ? state('corrupted', `contents of ${folder} differ, though every size, mode and time is as promoted`)
    : state('changed', `${folder} is not what was promoted`);
}

async function examineSecret(file: string): Promise<State> {
  const status = await statusOf(file);
  if (status === null) return state('missing', `there is no ${file}`);
  if (!status.isFile()) return state('changed', `${file} is no file`);
  const mode = status.mode & 0o7777;
  if ((mode & ~OWNER_ONLY) === 0) return state('intact');
  const words = `${file} has mode 0${mode.toString(8)}, expected 0${OWNER_ONLY.toString(8)}`;
  return { state: 'exposed', why: words, hint: `chmod 600 ${file}` };
}

async function unnamedIn(home: DataHome, { volumes, secrets }: Expected): Promise<Finding[]> {
  const named: readonly [string, readonly string[]][] = [
    ['', [GENERATION_FILE, 'volumes', 'secrets']],
    ['volumes', volumes.map(({ name }) => name)],
    ['secrets', secrets],
  ];
  const found: Finding[] = [];
  for (const [folder, names] of named) {
    const path = join(home.folder, folder);
    try {
      const others = (await namesIn(path)).filter((name) => !names.includes(name)).toSorted();
      for (const name of others) found.push({ kind: 'other', name: join(path, name), ...state('unnamed') });
    } catch (error) {
      found.push({ kind: 'other', name: path, ...state('unreadable', describe(error)) });
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await statusOf(folder)) === null ? [] : await readdir(folder);
}

/** Null where there is nothing. */
async function statusOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function state(is: Finding['state'], why: string | null = null): State {
  return { state: is, why, hint: null };
}
