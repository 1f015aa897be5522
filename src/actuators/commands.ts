/** Runs what a manifest brings along: its checks, and what provides for it at a dependency. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment } from '../environment.ts';
import { TrialFault } from '../reconciler/errors.ts';
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

export function commandRunner(): Commands {
  return {
    check: async ({ check, ...rest }, work) => {
      const result = await call({ ...rest, command: check.command, timeoutMs: check.timeoutMs }, work);
      const what = `check ${check.name} (${check.phase}): ${check.command.join(' ')}`;
      judge(result, what, check.timeoutMs, {
        failed: 'check-failed',
        late: 'check-timeout',
        not: 'check-not-runnable',
      });
    },
    provide: async (asked, work) => {
      const folder = await mkdtemp(join(asked.tmp, 'provide-'));
      const file = join(folder, 'out');
      try {
        const env = { ...asked.env, PROVIDE_OUT: file };
        const result = await call({ ...asked, env, timeoutMs: PROVIDE_TIMEOUT_MS }, work);
        const what = `provide command ${asked.command.join(' ')}`;
        const reasons = { failed: 'provide-failed', late: 'provide-timeout', not: 'provide-not-runnable' };
        judge(result, what, PROVIDE_TIMEOUT_MS, reasons);
        const provided = parseProvided(await readAnswer(file), what);
        for (const value of Object.values(provided)) work.log.conceal(value);
        return provided;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function call({ command, cwd, env, tmp, timeoutMs }: Call, work: Work): Promise<RunResult> {
  const [file = '', ...args] = command;
  return await run(file, args, {
    cwd,
    env: childEnvironment(env, tmp),
    timeoutMs,
    mark: work.mark,
    signal: work.signal,
    sweep: true,
    maxOutputBytes: 64 * 1024,
    onOutput: (stream, chunk) => work.log.output(stream, chunk),
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
  return lines.length === 0
    ? '; it said nothing'
    : `\nthe last that it said:\n${lines.slice(-TAIL_LINES).join('\n')}`;
}

/** A command that writes nothing provides nothing, and that is no mistake. */
async function readAnswer(path: string): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_ANSWER + 1), 0, LARGEST_ANSWER + 1, 0);
    if (bytesRead > LARGEST_ANSWER) {
      throw new TrialFault(
        'red',
        'provide-failed',
        `what was written to $PROVIDE_OUT is longer than ${LARGEST_ANSWER} bytes`,
      );
    }
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
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
