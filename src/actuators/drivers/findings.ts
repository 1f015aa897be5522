/** What an audit finds of a generation's data, and what is found in the same way whatever engine keeps the volumes. */
import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { describe } from '../../reconciler/errors.ts';
import type { Finding, VolumeRecord } from '../../reconciler/model.ts';

export interface Expected {
  volumes: readonly VolumeRecord[];
  secrets: readonly string[];
}

export interface ExamineOptions {
  contents: 'always' | 'where-doubtful';
  signal: AbortSignal;
}

export type State = Pick<Finding, 'state' | 'why' | 'hint'>;

/** As secrets are made: their owner reads and writes them, nobody else does anything. */
const OWNER_ONLY = 0o600;

/** What cannot be read is a finding of its own, not the end of the others. */
export async function readably(
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

export async function examineSecret(file: string): Promise<State> {
  const status = await statusOf(file);
  if (status === null) return state('missing', `there is no ${file}`);
  if (!status.isFile()) return state('changed', `${file} is no file`);
  const mode = status.mode & 0o7777;
  if ((mode & ~OWNER_ONLY) === 0) return state('intact');
  const words = `${file} has mode 0${mode.toString(8)}, expected 0${OWNER_ONLY.toString(8)}`;
  return { state: 'exposed', why: words, hint: `chmod 600 ${file}` };
}

/** Null where there is nothing. */
export async function statusOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

export function state(is: Finding['state'], why: string | null = null): State {
  return { state: is, why, hint: null };
}
