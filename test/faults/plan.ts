/** Runs the built program with faults: see preload.mjs, which does them. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet, Outcome } from '../fixtures/fleet.ts';

const PRELOAD = new URL('preload.mjs', import.meta.url).href;

export interface Fault {
  /** `<step>: <call> <what>`; `*` stands for any run of characters. */
  point: string;
  occurrence: number;
  when: 'before' | 'during' | 'after';
  act: 'kill' | 'ENOSPC' | 'EACCES' | 'EIO' | 'EPERM' | 'fail' | 'hang' | 'half' | 'killed' | 'missing';
  /** Every time from that occurrence on. */
  sticky?: boolean;
}

export interface Faulty {
  outcome: Outcome;
  /** Every point that was passed, in order. */
  points: string[];
  /** Whether the fault was done at all. */
  reached: boolean;
}

const PASS = ['--once', '--json'];

export async function runWith(fleet: Fleet, fault: Fault | null, args = PASS): Promise<Faulty> {
  const record = join(fleet.folder, 'points.txt');
  const env = {
    NODE_OPTIONS: `--import=${PRELOAD}`,
    FAULTS_ROOT: fleet.state,
    FAULTS_RECORD: record,
    // A helper that hangs is waited for no longer than this.
    RECONCILE_UPSTREAM_TIMEOUT: '2s',
    RECONCILE_TRANSFER_TIMEOUT: '2s',
    // An engine does more for a question.
    RECONCILE_ENGINE_TIMEOUT: '15s',
    ...(fault === null ? {} : { FAULTS_PLAN: JSON.stringify(fault) }),
  };
  await rm(record, { force: true });
  const outcome = await fleet.reconcile(args, { env, timeoutMs: 500_000 });
  const lines = (await readFile(record, 'utf8')).split('\n').filter((line) => line !== '');
  return {
    outcome,
    points: lines.filter((line) => !line.startsWith('!')),
    reached: lines.includes('!'),
  };
}
