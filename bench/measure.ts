/** Runs a command to its end and says what that took: time by the clock, and CPU of everything that it started. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Command {
  file: string;
  args: readonly string[];
  /** Besides PATH. */
  env?: Readonly<Record<string, string>>;
  /** What it reads. */
  input?: string;
}

export interface Cost {
  wallMs: number;
  /** User and system time, of the command and of all its descendants that were waited for. */
  cpuMs: number;
}

export interface Ran extends Cost {
  stdout: string;
  stderr: string;
}

/** The kernel counts in these (proc(5)); on Linux it is 100 a second to every program. */
const TICK_MS = 10;

/** Throws unless it ends with 0: what failed early must not pass for fast. One at a time, or CPU is mixed up. */
export async function measure({ file, args, env, input }: Command): Promise<Ran> {
  const cpuBefore = cpuOfEnded();
  const start = performance.now();
  const child = spawn(file, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', LC_ALL: 'C', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  const output = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  await once(child, 'exit');
  const wallMs = performance.now() - start;
  const cpuMs = cpuOfEnded() - cpuBefore;
  const [stdout, stderr] = await output;
  if (child.exitCode === 0) return { wallMs, cpuMs, stdout, stderr };
  const how = child.exitCode === null ? `signal ${child.signalCode}` : `exit code ${child.exitCode}`;
  throw new Error(`${[file, ...args].join(' ')} ended with ${how}: ${`${stdout}${stderr}`.slice(-2000)}`);
}

/** The largest resident size that a JavaScript program reached, in MiB. */
export async function measurePeak(command: Command): Promise<number> {
  const preload = fileURLToPath(new URL('../bench/say-peak.cjs', import.meta.url));
  const { stderr } = await measure({ ...command, args: ['--require', preload, ...command.args] });
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(stderr) ?? [];
  if (kibibytes === undefined) throw new Error(`${command.args.join(' ')} did not say how large it became`);
  return Number(kibibytes) / 1024;
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? '' : await text(stream);
}

/** CPU time of every child that ended so far, and of theirs. */
function cpuOfEnded(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
