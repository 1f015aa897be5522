/** Runs what a manifest brings along: its checks, and what provides for it at a dependency. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment } from '../environment.ts';
import { keepEnd } from '../cut.ts';
import { LIFELINE_PREFIX } from '../processes.ts';
import { describe, TrialFault } from '../reconciler/errors.ts';
import type { Commands, Work } from '../reconciler/ports.ts';
import { run, type RunResult } from '../run.ts';

interface Call {
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  tmp: string;
  timeoutMs: number;
}

/** A provide command has no deadline of its own in a manifest. */
const PROVIDE_TIMEOUT_MS = 300_000;
const LARGEST_ANSWER = 64 * 1024;
const TAIL_LINES = 20;
const LONGEST_LINE = 2000;
/** What is shorter may be a word that stands in every log. */
const SHORTEST_SECRET = 8;

export function commandRunner(): Commands {
  return {
    check: async ({ check, ...rest }, work) => {
      const result = await call(
        { ...rest, command: check.command, timeoutMs: check.timeoutMs },
        work,
        work.log,
      );
      const what = `check ${check.name} (${check.phase}): ${check.command.join(' ')}`;
      judge(result, what, check.timeoutMs, {
        failed: 'check-failed',
        late: 'check-timeout',
        not: 'check-not-runnable',
      });
    },
    provide: async (asked, work) => {
      const folder = await makeFolder(asked.tmp);
      try {
        return await provide(asked, join(folder, 'out'), work);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** What the command says is logged only when what it provides is known: it may well say that too. */
async function provide(
  asked: Omit<Call, 'timeoutMs'>,
  file: string,
  work: Work,
): Promise<Record<string, string>> {
  const env = { ...asked.env, PROVIDE_OUT: file };
  const what = `provide command ${asked.command.join(' ')}`;
  const result = await call({ ...asked, env, timeoutMs: PROVIDE_TIMEOUT_MS }, work, null);
  const answer = await readAnswer(file, what);
  for (const value of valuesIn(answer)) if (value.length >= SHORTEST_SECRET) work.log.conceal(value);
  for (const stream of ['stdout', 'stderr'] as const) work.log.output(stream, Buffer.from(result[stream]));
  const reasons = { failed: 'provide-failed', late: 'provide-timeout', not: 'provide-not-runnable' };
  judge(result, what, PROVIDE_TIMEOUT_MS, reasons);
  return parseProvided(answer, what);
}

async function call(
  { command, cwd, env, tmp, timeoutMs }: Call,
  work: Work,
  log: Work['log'] | null,
): Promise<RunResult> {
  const [file = '', ...args] = command;
  return await run(file, args, {
    cwd,
    env: childEnvironment(env, tmp),
    timeoutMs,
    mark: work.mark,
    lifeline: join(tmp, `${LIFELINE_PREFIX}${randomBytes(6).toString('hex')}`),
    signal: work.signal,
    sweep: true,
    maxOutputBytes: 64 * 1024,
    ...(log === null ? {} : { onOutput: (stream, chunk) => log.output(stream, chunk) }),
  });
}

function judge(
  result: RunResult,
  what: string,
  timeoutMs: number,
  reasons: Record<'failed' | 'late' | 'not', string>,
) {
  if (result.notRunnable !== null) {
    const hint = "its working directory is its manifest's folder";
    throw new TrialFault('red', reasons.not, `could not run ${what}: ${result.notRunnable}`, { hint });
  }
  if (result.timedOut) {
    const message = `${what} did not end within ${timeoutMs / 1000} s${said(result)}`;
    throw new TrialFault('timeout', reasons.late, message);
  }
  if (result.exitCode === 0) return;
  const how = result.signal === null ? `exit code ${result.exitCode}` : `signal ${result.signal}`;
  throw new TrialFault('red', reasons.failed, `${what} ended with ${how}${said(result)}`);
}

function said({ stdout, stderr }: RunResult): string {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return '; it said nothing';
  const last = lines.slice(-TAIL_LINES).map((line) => keepEnd(line, LONGEST_LINE));
  return `\nthe last that it said:\n${last.join('\n')}`;
}

async function makeFolder(tmp: string): Promise<string> {
  try {
    return await mkdtemp(join(tmp, 'provide-'));
  } catch (error) {
    const message = `could not make a folder for $PROVIDE_OUT: ${describe(error)}`;
    throw new TrialFault('infra', 'provide-folder-failed', message, { cause: error });
  }
}

/** A command that writes nothing provides nothing, and that is no mistake. */
async function readAnswer(path: string, what: string): Promise<string> {
  const refuse = (why: string): TrialFault =>
    new TrialFault('red', 'provide-failed', `${what}: cannot read $PROVIDE_OUT: ${why}`);
  let file;
  try {
    // Neither followed nor waited for: the command may have put a link or a pipe there.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw refuse(describe(error));
  }
  try {
    if (!(await file.stat()).isFile()) throw refuse('it is not a file');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_ANSWER + 1), 0, LARGEST_ANSWER + 1, 0);
    if (bytesRead > LARGEST_ANSWER) throw refuse(`it is longer than ${LARGEST_ANSWER} bytes`);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}

/** Whatever stands after a `=`, in an answer that may be half written or wrong. */
function valuesIn(text: string): string[] {
  return text.split(/\r?\n/).map((line) => line.slice(line.indexOf('=') + 1));
}

/** `KEY=value` lines; the value is everything after the first `=`. */
function parseProvided(text: string, what: string): Record<string, string> {
  const provided: Record<string, string> = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, key, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line.replace(/\r$/, '')) ?? [];
    if (key === undefined || value === undefined || value.includes('\0')) {
      const message = `${what} wrote a line ${index + 1} to $PROVIDE_OUT that is not KEY=value`;
      throw new TrialFault('red', 'provide-failed', message);
    }
    provided[key] = value;
  }
  return provided;
}
