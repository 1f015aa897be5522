import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BoundedText } from '../src/bounded-text.ts';
import { childEnvironment } from '../src/environment.ts';
import { run, type RunOptions, type RunResult } from '../src/run.ts';
import { isAlive } from './actuators/drivers/process/harness.ts';
import { until } from './suites/driver.ts';

let folder: string;
let options: RunOptions;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-'));
  options = {
    cwd: folder,
    env: childEnvironment({}),
    timeoutMs: 20_000,
    mark: `${randomBytes(16).toString('hex')}/run`,
  };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const pid of await pids()) if (isAlive(pid)) process.kill(Number(pid), 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const shell = async (script: string, over: Partial<RunOptions> = {}): Promise<RunResult> =>
  await run('sh', ['-c', script], { ...options, ...over });
/** What scripts wrote into the file `pids`. */
const pids = async (): Promise<string[]> =>
  (await readFile(join(folder, 'pids'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
const alive = async (): Promise<string[]> => (await pids()).filter(isAlive);

describe('how a command ended', () => {
  it('is in the result', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toEqual({
      exitCode: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      timedOut: false,
      notRunnable: null,
    });
    expect(await shell('kill -KILL $$')).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('is known also of one that reads all of its input, none of it, or is given none', async () => {
    const input = 'x'.repeat(1024 * 1024);
    expect(await shell('wc -c', { input })).toMatchObject({ exitCode: 0, stdout: `${input.length}\n` });
    expect(await shell('exit 3', { input })).toMatchObject({ exitCode: 3 });
    expect(await shell('wc -c')).toMatchObject({ exitCode: 0, stdout: '0\n' });
  });

  it('is that it could not be run, in words', async () => {
    await writeFile(join(folder, 'data'), 'no program');
    await chmod(join(folder, 'data'), 0o644);
    const none = { exitCode: null, signal: null, timedOut: false };
    expect(await run('no-such-command', [], options)).toMatchObject({
      ...none,
      notRunnable: 'no-such-command: command not found (ENOENT)',
    });
    expect(await run('./data', [], options)).toMatchObject({
      ...none,
      notRunnable: './data: not executable (EACCES)',
    });
    expect(await run('true', [], { ...options, cwd: '/no/such/folder' })).toMatchObject({
      ...none,
      notRunnable: 'its folder /no/such/folder cannot be entered',
    });
    expect((await run('true', ['a\0b'], options)).notRunnable).toBe('it holds a NUL byte');
  });

  it('passes arguments as they are, through no shell', async () => {
    const { stdout } = await run('printf', ['%s|', '$HOME', '*', 'a b', '; false', ''], options);
    expect(stdout).toBe('$HOME|*|a b|; false||');
  });
});

describe('the environment of a command', () => {
  it('is the one that it was given, with its mark, and nothing of ours', async () => {
    vi.stubEnv('OF_OURS', 'private');
    const { stdout } = await run('/usr/bin/env', [], {
      ...options,
      env: { GIVEN: 'yes', RECONCILE_MARK: 'forged' },
    });
    expect(stdout.trim().split('\n').toSorted()).toEqual([
      'GIVEN=yes',
      expect.stringMatching(new RegExp(`^RECONCILE_MARK=${options.mark}/[0-9a-f]{12}$`)),
    ]);
  });

  it('of children has PATH, HOME, LANG and TMPDIR, where they are set, and what is added', () => {
    for (const [name, value] of Object.entries({
      PATH: '/bin',
      HOME: '/root',
      TMPDIR: '/ours',
      OF_OURS: 'private',
    }))
      vi.stubEnv(name, value);
    vi.stubEnv('LANG', undefined);
    expect(childEnvironment({ A: '1' })).toEqual({ PATH: '/bin', HOME: '/root', TMPDIR: '/ours', A: '1' });
    expect(childEnvironment({ HOME: '/x' }, '/tmp/t')).toEqual({
      PATH: '/bin',
      HOME: '/x',
      TMPDIR: '/tmp/t',
    });
  });
});

describe('a deadline', () => {
  it('ends everything that descends from the command, in whatever session, however stubborn', async () => {
    const stubborn = 'echo $$ >> pids; trap "" TERM; sleep 60 & echo $! >> pids; wait; sleep 60';
    const result = await shell(`setsid sh -c '${stubborn}' & echo $$ >> pids; sleep 60`, { timeoutMs: 300 });
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGTERM' });
    expect(await pids()).toHaveLength(3);
    expect(await alive()).toEqual([]);
  });

  it('ends a command that cleared its environment', async () => {
    const result = await run('sh', ['-c', 'echo $$ >> pids; exec env -i sleep 60'], {
      ...options,
      timeoutMs: 200,
    });
    expect(result.timedOut).toBe(true);
    expect(await alive()).toEqual([]);
  });

  it('of one run spares the others of the same mark', async () => {
    const other = shell('echo ready > ready; while [ ! -e go ]; do sleep 0.02; done; echo done');
    await until(async () => (await readFile(join(folder, 'ready'), 'utf8').catch(() => '')) !== '');
    expect((await shell('sleep 60', { timeoutMs: 50 })).timedOut).toBe(true);
    await writeFile(join(folder, 'go'), '');
    expect(await other).toMatchObject({ exitCode: 0, stdout: 'done\n' });
  });

  it('may lie further away than a timer can count', async () => {
    expect(await shell('exit 0', { timeoutMs: Number.MAX_SAFE_INTEGER })).toMatchObject({
      exitCode: 0,
      timedOut: false,
    });
  });
});

describe('an abort', () => {
  it('is thrown after the end of everything', async () => {
    const stop = new AbortController();
    const running = shell('setsid sleep 60 & echo $! >> pids; echo $$ >> pids; sleep 60', {
      signal: stop.signal,
    });
    const outcome = expect(running).rejects.toThrow('told to stop');
    await until(async () => (await pids()).length === 2);
    stop.abort(new Error('told to stop'));
    await outcome;
    expect(await alive()).toEqual([]);
  });

  it('that came before starts nothing', async () => {
    const signal = AbortSignal.abort(new Error('told to stop'));
    await expect(shell('echo $$ >> pids', { signal })).rejects.toThrow('told to stop');
    expect(await pids()).toEqual([]);
  });
});

describe('what is left in the background', () => {
  it('does not keep us waiting, though it holds the output open', async () => {
    const start = performance.now();
    const result = await shell('sleep 60 & echo $! >> pids; echo said');
    expect(performance.now() - start).toBeLessThan(2000);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'said\n' });
    expect(await alive()).toHaveLength(1);
  });

  it('does not keep us waiting, though it talks for ever', async () => {
    const start = performance.now();
    const result = await shell('(while :; do echo more; sleep 0.01; done) & echo $! >> pids; exit 4');
    expect(performance.now() - start).toBeLessThan(5000);
    expect(result.exitCode).toBe(4);
  });

  it('is swept away where that is asked for, even without an environment', async () => {
    const result = await shell('sleep 60 & echo $! >> pids; env -i sleep 60 & echo $! >> pids; exit 5', {
      sweep: true,
    });
    expect(result).toMatchObject({ exitCode: 5, timedOut: false });
    expect(await pids()).toHaveLength(2);
    expect(await alive()).toEqual([]);
  });
});

describe('output', () => {
  it('of any length costs little: its beginning and its end are kept', async () => {
    let heard = 0;
    const before = process.memoryUsage().rss;
    const result = await shell('echo begin; head -c 268435456 /dev/zero | tr "\\0" " "; echo; echo end', {
      onOutput: (_stream, chunk) => void (heard += chunk.length),
      maxOutputBytes: 1000,
    });
    expect(heard).toBe(2 ** 28 + 'begin\n\nend\n'.length);
    expect(result.stdout).toMatch(/^begin\n +\n\.\.\. \d+ bytes left out \.\.\.\n +\nend\n$/);
    expect(result.stdout).toContain(`... ${heard - 1000 - 16 * 1024} bytes left out ...`);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  });

  it('that cannot be handed on is an error of the run, after its end', async () => {
    const onOutput = (): void => {
      throw new Error('no space left');
    };
    await expect(shell('echo $$ >> pids; echo said', { onOutput })).rejects.toThrow('no space left');
    expect(await alive()).toEqual([]);
  });

  it('is kept whole where it fits, and else cut between words, so that no half of a secret stands there', () => {
    const text = new BoundedText(4);
    for (const byte of Buffer.from('ä ö ü '.repeat(10))) text.add(Buffer.from([byte]));
    expect(text.toString()).toBe('ä ö ü '.repeat(10));
    text.add(Buffer.from(`word${' '.repeat(16 * 1024 - 2)}`));
    expect(text.toString()).toBe(`ä \n... 88 bytes left out ...\n${' '.repeat(16 * 1024 - 2)}`);
  });
});
