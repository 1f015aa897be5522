/**
 * Starts commands: each in a session of its own, with the environment that it is given and no other, and with a mark
 * in it by which whatever descends from it is found. `run` waits for the end, within a deadline, and at the deadline,
 * or when aborted, everything that descends from the command ends with it.
 */
import { execa } from 'execa';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BoundedText } from './bounded-text.ts';
import { endProcesses, MARK_VARIABLE } from './processes.ts';

export type Stream = 'stdout' | 'stderr';

export interface StartOptions {
  cwd?: string;
  /** Complete: nothing of our own environment is inherited. */
  env: Readonly<Record<string, string>>;
  /** Stands in its environment, so that whatever descends from it is found. */
  mark: string;
  onOutput?: (stream: Stream, chunk: Uint8Array) => void;
}

export interface RunOptions extends StartOptions {
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
  /** Takes what was still being said, for a moment, and then listens no longer. */
  hangUp(): Promise<void>;
}

const KEPT_BYTES = 1024 * 1024;
const GRACE_MS = 2000;
/** A descendant that holds a pipe open must not hold us. */
const LAST_WORDS_MS = 250;

/** Why it could not be started, in words, in place of what was started. */
export async function start(
  file: string,
  args: readonly string[],
  options: StartOptions,
): Promise<Started | string> {
  const { cwd, env, mark, onOutput } = options;
  const child = execa(file, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...env, [MARK_VARIABLE]: mark },
    extendEnv: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    detached: true,
    cleanup: false,
  });
  if (child.pid === undefined) {
    const { originalMessage, code } = await child;
    return originalMessage ?? code ?? 'it could not be started';
  }
  const closed = (['stdout', 'stderr'] as const).map((name) => {
    const stream = child[name];
    stream.on('data', (chunk: Buffer) => onOutput?.(name, chunk));
    stream.on('error', () => stream.destroy());
    return once(stream, 'close').catch(() => undefined);
  });
  return {
    pid: child.pid,
    ended: once(child, 'exit').then(() => ({ exitCode: child.exitCode, signal: child.signalCode })),
    hangUp: async () => {
      await Promise.race([Promise.all(closed), sleep(LAST_WORDS_MS)]);
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

/** Throws only the signal's reason, after everything has ended. How the command itself ended is in the result. */
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
  const started = await start(file, args, { ...options, onOutput });
  if (typeof started === 'string') return result({ notRunnable: started });
  const how = await untilEnd(started.ended, options);
  if (how !== 'ended' || options.sweep === true) await endProcesses(options.mark, { graceMs: GRACE_MS });
  const ending = await started.ended;
  await started.hangUp();
  if (how === 'aborted') throw options.signal?.reason;
  return result({ ...ending, timedOut: how === 'timed-out' });
}

async function untilEnd(
  ended: Promise<Ending>,
  { timeoutMs, signal }: RunOptions,
): Promise<'ended' | 'timed-out' | 'aborted'> {
  const done = new AbortController();
  const longest = 2 ** 31 - 1;
  const races: Promise<'timed-out' | 'aborted'>[] = [
    sleep(Math.min(timeoutMs, longest), 'timed-out' as const, { signal: done.signal }),
  ];
  if (signal?.aborted === true) return 'aborted';
  if (signal !== undefined)
    races.push(once(signal, 'abort', { signal: done.signal }).then(() => 'aborted' as const));
  for (const race of races) race.catch(() => undefined);
  try {
    return await Promise.race([ended.then(() => 'ended' as const), ...races]);
  } finally {
    done.abort();
  }
}
