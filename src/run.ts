/**
 * Starts commands: each in a session of its own, with the environment that it is given and no other, and with a mark
 * in it by which whatever descends from it is found. `run` waits for the end, within a deadline, and at the deadline,
 * or when aborted, everything that descends from the command ends with it.
 */
import { randomBytes } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { BoundedText } from './bounded-text.ts';
import { ChildOutput, type OutputListener, type Stream } from './child-output.ts';
import { MARK_VARIABLE, startTimeOf } from './process-table.ts';
import { endProcesses } from './processes.ts';
import { TrialFault } from './reconciler/errors.ts';

export interface StartOptions {
  cwd?: string;
  /** Complete: nothing of our own environment is inherited. */
  env: Readonly<Record<string, string>>;
  /** Stands in its environment, so that whatever descends from it is found. */
  mark: string;
  onOutput?: OutputListener;
  /** What it reads from its standard input; without it, that is empty. */
  input?: string | Readable;
  /** A file that it inherits open: whoever still holds it descends from it, whatever else it cleared or left. */
  lifeline?: string;
}

export interface RunOptions extends StartOptions {
  /** What the mark begins with: each run has one of its own below it, so that ending one spares the others. */
  mark: string;
  timeoutMs: number;
  signal?: AbortSignal;
  /** How much of the beginning of each stream is kept; the default is 1 MiB. */
  maxOutputBytes?: number;
  /** After it ended by itself, also end what it left running. */
  sweep?: boolean;
}

export interface Ending {
  exitCode: number | null;
  signal: string | null;
}

export interface RunResult extends Ending {
  stdout: string;
  stderr: string;
  timedOut: boolean;
  /** Why it could not be started; null where it was. */
  notRunnable: string | null;
}

export interface Started {
  pid: number;
  /** The command itself; what it started may live on. */
  ended: Promise<Ending>;
  output: ChildOutput;
}

const KEPT_BYTES = 1024 * 1024;
const GRACE_MS = 2000;

/** What the machine lacks at the moment, as opposed to a command that is not there or may not be run. */
const SHORT_OF = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'EIO', 'ENOSPC'];

let isAnythingStarted = false;

/** Whether this process ever started a command: where it did not, nothing can descend from one. */
export function hasStartedAnything(): boolean {
  return isAnythingStarted;
}

/**
 * Why it could not be started, in words, in place of what was started. Throws `infra` where that is this machine's
 * fault and not the command's.
 */
export async function start(
  file: string,
  args: readonly string[],
  options: StartOptions,
): Promise<Started | string> {
  const { cwd, env, mark, lifeline, onOutput, input } = options;
  // No argument list of the system can hold these, and to execa they are a mistake of ours.
  if ([file, ...args, ...Object.values(env)].some((text) => text.includes('\0')))
    return 'it holds a NUL byte';
  // Loaded by whoever starts something: a pass without drift does not.
  const { execa } = await import('execa');
  isAnythingStarted = true;
  const inherited = (lifeline === undefined ? [] : [openSync(lifeline, 'a', 0o600)]).filter(isInheritable);
  const child = execa(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...env, [MARK_VARIABLE]: mark },
    extendEnv: false,
    ...(input === undefined ? {} : { input }),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...inherited],
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
  });
  for (const descriptor of inherited) closeSync(descriptor);
  if (child.pid === undefined) {
    const { originalMessage, code } = await child;
    if (code !== undefined && SHORT_OF.includes(code)) {
      throw new TrialFault('infra', 'cannot-start', `could not start ${file}: ${originalMessage ?? code}`);
    }
    return whyNot(file, cwd, code, originalMessage);
  }
  return {
    pid: child.pid,
    ended: once(child, 'exit').then(() => ({ exitCode: child.exitCode, signal: child.signalCode })),
    output: new ChildOutput(child, onOutput),
  };
}

/** To execa's types only the numbers up to 9 are descriptors; it passes on any. */
function isInheritable(descriptor: number): descriptor is 3 {
  return descriptor > 2;
}

function whyNot(
  file: string,
  cwd: string | undefined,
  code: string | undefined,
  message = 'it could not be started',
) {
  if (message.includes('"cwd" option is invalid')) return `its folder ${cwd ?? ''} cannot be entered`;
  if (code === 'ENOENT') return `${file}: command not found (ENOENT)`;
  if (code === 'EACCES') return `${file}: not executable (EACCES)`;
  return message;
}

/**
 * Throws only the signal's reason, or what `start` or `onOutput` threw, after everything has ended. How the command itself
 * ended is in the result.
 */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const limit = options.maxOutputBytes ?? KEPT_BYTES;
  const kept = { stdout: new BoundedText(limit), stderr: new BoundedText(limit) };
  const onOutput = (stream: Stream, chunk: Uint8Array): void => {
    kept[stream].add(chunk);
    options.onOutput?.(stream, chunk);
  };
  const result = (over: Partial<RunResult>): RunResult => ({
    exitCode: null,
    signal: null,
    stdout: kept.stdout.toString(),
    stderr: kept.stderr.toString(),
    timedOut: false,
    notRunnable: null,
    ...over,
  });
  const mark = `${options.mark}/${randomBytes(6).toString('hex')}`;
  const started = await start(file, args, { ...options, mark, onOutput });
  if (typeof started === 'string') return result({ notRunnable: started });
  // The command is known by its number too: it may rewrite its environment, and its group may outlive it.
  const lifelines = options.lifeline === undefined ? [] : [options.lifeline];
  const remembered = [{ pid: started.pid, startTime: startTimeOf(started.pid) ?? 'ended' }];
  const how = await untilEnd(started.ended, options);
  if (how !== 'ended' || options.sweep === true)
    await endProcesses(mark, { graceMs: GRACE_MS, remembered, lifelines });
  const ending = await started.ended;
  await started.output.hangUp();
  if (how === 'aborted') throw options.signal?.reason;
  return result({ ...ending, timedOut: how === 'timed-out' });
}

async function untilEnd(
  ended: Promise<Ending>,
  { timeoutMs, signal }: RunOptions,
): Promise<'ended' | 'timed-out' | 'aborted'> {
  if (signal?.aborted === true) return 'aborted';
  // Many commands wait for the same signal, and take their listeners away with them.
  if (signal !== undefined) setMaxListeners(0, signal);
  const done = new AbortController();
  const longest = 2 ** 31 - 1;
  const races: Promise<'timed-out' | 'aborted'>[] = [
    sleep(Math.min(timeoutMs, longest), 'timed-out' as const, { signal: done.signal }),
  ];
  if (signal !== undefined)
    races.push(once(signal, 'abort', { signal: done.signal }).then(() => 'aborted' as const));
  for (const race of races) race.catch(() => undefined);
  try {
    return await Promise.race([ended.then(() => 'ended' as const), ...races]);
  } finally {
    done.abort();
  }
}
