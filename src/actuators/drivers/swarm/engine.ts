/**
 * The Docker engine, as the docker command reaches it: `$DOCKER_HOST`, contexts, TLS and ssh mean what they mean to the
 * people who set them, and a stack's compose files are read by nobody else (docs/decisions/0025-the-docker-command.md).
 * Every call has a deadline and a mark, as whatever is started here has (invariant I11).
 */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { keepEnd } from '../../../cut.ts';
import { childEnvironment } from '../../../environment.ts';
import { describe, TrialFault } from '../../../reconciler/errors.ts';
import { run, start, type RunResult, type Started } from '../../../run.ts';
import { harmless } from './powerful-variables.ts';

export interface Call {
  mark: string;
  signal?: AbortSignal | undefined;
  /** Said to the command, and in no argument list. */
  input?: string;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  timeoutMs?: number;
  onOutput?: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
}

/** What decides which engine the docker command talks to, and how. */
const POINTERS = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'DOCKER_API_VERSION',
  'SSH_AUTH_SOCK',
];

/** `docker inspect --type` knows the others. */
const HAVE_THEIR_OWN = ['service', 'node', 'config'];

/** No question to an engine that is well takes as long. */
const TIMEOUT_MS = 60_000;
const LARGEST_ANSWER = 64 * 1024 * 1024;
const LONGEST_EXCERPT = 2000;

export class Engine {
  readonly #timeoutMs: number;

  /** `timeoutMs`: of whatever has no deadline of its own. */
  constructor(timeoutMs = TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
  }

  /** How it ended, whatever that means. Throws `infra` where the command cannot be run, or does not end. */
  async run(args: readonly string[], call: Call): Promise<RunResult> {
    const { timeoutMs = this.#timeoutMs, env = {}, signal, ...rest } = call;
    const result = await run('docker', args, {
      ...rest,
      ...(signal === undefined ? {} : { signal }),
      env: commandEnvironment(env),
      timeoutMs,
      maxOutputBytes: LARGEST_ANSWER,
    });
    const what = wordsOf(args);
    if (result.notRunnable !== null) {
      const hint = 'install the docker command on this machine';
      throw new TrialFault('infra', 'no-docker', `could not run ${what}: ${result.notRunnable}`, { hint });
    }
    if (result.timedOut) {
      throw new TrialFault('infra', 'engine-timeout', `${what} did not end within ${timeoutMs / 1000} s`);
    }
    return result;
  }

  /** What it said; anything but success is `infra`. */
  async text(args: readonly string[], call: Call): Promise<string> {
    const result = await this.run(args, call);
    if (result.exitCode !== 0) throw failed(args, result);
    return result.stdout;
  }

  /** The lines of a listing, such as ids. */
  async lines(args: readonly string[], call: Call): Promise<string[]> {
    return (await this.text(args, call)).split('\n').filter((line) => line !== '');
  }

  /**
   * What `docker inspect` knows of each. What goes while it is asked is left out: it would have been a moment later.
   */
  async inspect<S extends z.ZodType>(
    type: 'service' | 'task' | 'volume' | 'network' | 'secret' | 'config' | 'container' | 'node' | 'image',
    names: readonly string[],
    schema: S,
    call: Call,
  ): Promise<z.output<S>[]> {
    if (names.length === 0) return [];
    const args = HAVE_THEIR_OWN.includes(type) ? [type, 'inspect'] : ['inspect', '--type', type];
    const result = await this.run([...args, '--', ...names], call);
    const isGone = /no such|not found/i.test(result.stderr);
    if (result.exitCode !== 0 && !isGone) throw failed(args, result);
    return read(z.array(schema), result.stdout, args);
  }

  /** For as long as it runs: nobody waits for it here. */
  async start(args: readonly string[], call: Omit<Call, 'input'> & { input: Readable }): Promise<Started> {
    const { timeoutMs: _unlimited, env = {}, signal: _stoppedByCaller, ...rest } = call;
    const started = await start('docker', args, {
      ...rest,
      env: commandEnvironment(env),
    });
    if (typeof started !== 'string') return started;
    throw new TrialFault('infra', 'no-docker', `could not run ${wordsOf(args)}: ${started}`);
  }
}

function failed(args: readonly string[], result: RunResult): TrialFault {
  return new TrialFault('infra', 'engine-failed', `${wordsOf(args)} failed: ${complaint(result)}`);
}

/** What newer docker commands say of a deploy before anything else, whether it fails or not. */
const NOTICE = /^(Since --detach=false was not specified|In a future release).*\n?/gm;

/** What it said of its failure, as one line where it can be. */
export function complaint({ stderr, stdout, exitCode, signal }: RunResult): string {
  const said = (stderr.trim() === '' ? stdout : stderr).replaceAll(NOTICE, '').trim();
  const plain = said
    .replace(/^Error response from daemon: /, '')
    .replace(/^rpc error: code = \w+ desc = /, '');
  if (plain !== '') return keepEnd(plain, LONGEST_EXCERPT);
  return signal === null ? `it ended with exit code ${exitCode}` : `it ended by signal ${signal}`;
}

function read<S extends z.ZodType>(schema: S, text: string, args: readonly string[]): z.output<S> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${wordsOf(args)} answered what this program does not understand: ${describe(error)}`;
    throw new TrialFault('infra', 'engine-answer', message, { cause: error });
  }
}

/** The command without its operands, which may be many. */
function wordsOf(args: readonly string[]): string {
  return `docker ${args
    .filter((word) => /^[a-z]+$/.test(word))
    .slice(0, 2)
    .join(' ')}`;
}

/**
 * All that the command finds in its environment but its mark, `env` being what a recipe sets. Compose files are read by
 * us with the same: a path that is judged must be the one that it reads.
 */
export function commandEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  return { ...harmless(env), ...childEnvironment(pointers()) };
}

/** So that whoever else runs the docker command reaches the same engine. */
export function pointers(): Record<string, string> {
  const set = POINTERS.map((name) => [name, process.env[name] ?? ''] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ''));
}
