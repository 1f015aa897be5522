/**
 * A generation's data for an audit: every volume and secret by itself, and whatever lies beside them. Reads only; the
 * quick comparison that every look makes is `inspectHome`.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from '../../../reconciler/errors.ts';
import type { Finding, VolumeRecord } from '../../../reconciler/model.ts';
import type { DataHome } from '../../../reconciler/ports.ts';
import { GENERATION_FILE } from '../../../state/layout.ts';
import {
  examineSecret,
  readably,
  state,
  statusOf,
  type ExamineOptions,
  type Expected,
  type State,
} from '../findings.ts';
import { secretFile, volumeFolder } from './data.ts';
import { readTree } from './tree.ts';

export async function examineHome(
  home: DataHome,
  expected: Expected,
  options: ExamineOptions,
): Promise<Finding[]> {
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

async function examineVolume(folder: string, volume: VolumeRecord, options: ExamineOptions): Promise<State> {
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
