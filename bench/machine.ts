/** What the figures were taken on. */
import { execFile } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface Machine {
  date: string;
  cores: number;
  processor: string;
  memoryGiB: number;
  kernel: string;
  /** Of the last quarter of an hour, the benchmark's own included: what else it did shows. */
  load: number;
  node: string;
  git: string;
}

export async function describeMachine(): Promise<Machine> {
  const { stdout } = await execute('git', ['--version']);
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    load: Math.round((loadavg()[2] ?? 0) * 10) / 10,
    node: process.versions.node,
    git: stdout.trim().replace(/^git version /, ''),
  };
}
