import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commandRunner } from '../../src/actuators/commands.ts';
import type { Check } from '../../src/reconciler/model.ts';
import type { Work } from '../../src/reconciler/ports.ts';
import { faultOf, until } from '../suites/driver.ts';
import { isAlive } from './drivers/process/harness.ts';

const runner = commandRunner();
let folder: string;
let logged: string;
let concealed: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'commands-'));
  await mkdir(join(folder, 'tmp'));
  [logged, concealed] = ['', []];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const pid of await pids()) if (isAlive(pid)) process.kill(Number(pid), 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const pids = async (): Promise<string[]> =>
  (await readFile(join(folder, 'pids'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
const alive = async (): Promise<string[]> => (await pids()).filter(isAlive);

function work(signal = new AbortController().signal): Work {
  const clean = (text: string): string =>
    concealed.reduce((all, secret) => all.replaceAll(secret, '***'), text);
  const log = {
    note: (text: string) => void (logged += clean(text)),
    output: (_source: string, chunk: Uint8Array) => void (logged += clean(Buffer.from(chunk).toString())),
    conceal: (secret: string) => void concealed.push(secret),
  };
  return { signal, log, mark: `${randomBytes(16).toString('hex')}/trial-1/commands` };
}

const check = async (command: string[], over: Partial<Check> = {}, signal?: AbortSignal): Promise<void> => {
  const whole: Check = { name: 'pages', phase: 'installed', command, timeoutMs: 20_000, ...over };
  const env = { RECIPE: 'app', APP_URL: 'http://127.0.0.1:1' };
  await runner.check({ check: whole, cwd: folder, env, tmp: join(folder, 'tmp') }, work(signal));
};
const provideFolders = async (): Promise<string[]> =>
  (await readdir(join(folder, 'tmp'))).filter((name) => name.startsWith('provide'));
const provide = async (script: string): Promise<Record<string, string>> => {
  const call = {
    command: ['sh', '-c', script],
    cwd: folder,
    env: { DEP_NAME: 'keycloak' },
    tmp: join(folder, 'tmp'),
  };
  return await runner.provide(call, work());
};

describe('a check', () => {
  it('that exits with 0 has passed, in its folder, with what it is told and nothing of ours', async () => {
    vi.stubEnv('OF_OURS', 'private');
    await check(['sh', '-c', 'pwd; env']);
    const lines = logged.trim().split('\n');
    expect(lines).toEqual(expect.arrayContaining([folder, 'RECIPE=app', `TMPDIR=${join(folder, 'tmp')}`]));
    expect(logged).not.toContain('OF_OURS');
  });

  it.each([
    [
      'exits with another code',
      ['sh', '-c', 'echo looking; echo "page is empty" >&2; exit 7'],
      'exit code 7',
    ],
    ['is killed', ['sh', '-c', 'echo looking; echo "page is empty"; kill -KILL $$'], 'signal SIGKILL'],
  ])('that %s has failed, and its last words are told', async (_name, command, how) => {
    const fault = await faultOf(check(command));
    expect(fault).toMatchObject({ verdict: 'red', reason: 'check-failed' });
    expect(fault.message.split('\n')[0]).toContain(`check pages (installed): sh -c`);
    expect(fault.message.split('\n')[0]).toContain(`ended with ${how}`);
    expect(fault.message.split('\n').slice(-2)).toEqual(['looking', 'page is empty']);
  });

  it('that cannot be run is red, and says which command', async () => {
    const fault = await faultOf(check(['./checks/pages.sh']));
    expect(fault).toMatchObject({ verdict: 'red', reason: 'check-not-runnable' });
    expect(fault.message).toContain('could not run check pages (installed): ./checks/pages.sh: ');
    expect(fault.message).toContain('command not found');
  });

  it('that does not end is ended at its timeout, with all that it started', async () => {
    const script = 'setsid sleep 60 & echo $! >> pids; echo $$ >> pids; echo waiting; sleep 60';
    const fault = await faultOf(check(['sh', '-c', script], { timeoutMs: 300 }));
    expect(fault).toMatchObject({ verdict: 'timeout', reason: 'check-timeout' });
    expect(fault.message).toMatch(/did not end within 0\.3 s\n(?:.*\n)*waiting$/);
    expect(await pids()).toHaveLength(2);
    expect(await alive()).toEqual([]);
  });

  it('leaves nothing running, though it passes', async () => {
    await check(['sh', '-c', 'setsid sleep 60 & echo $! >> pids']);
    expect(await pids()).toHaveLength(1);
    expect(await alive()).toEqual([]);
  });

  it('that says very much is told of in few words', async () => {
    const fault = await faultOf(
      check(['sh', '-c', 'head -c 50000000 /dev/zero | tr "\\0" x; echo; echo over; exit 1']),
    );
    expect(fault.message.length).toBeLessThan(50_000);
    expect(fault.message).toMatch(/over$/);
  });

  it('is ended when aborted, and the reason is thrown', async () => {
    const stop = new AbortController();
    const outcome = expect(check(['sh', '-c', 'echo $$ >> pids; sleep 60'], {}, stop.signal)).rejects.toThrow(
      'told to stop',
    );
    await until(async () => (await pids()).length === 1);
    stop.abort(new Error('told to stop'));
    await outcome;
    expect(await alive()).toEqual([]);
  });
});

describe('a provide command', () => {
  it('gives what it wrote to $PROVIDE_OUT, as it stands there', async () => {
    const text = '# for the app\n\nCLIENT_ID=app\nURL=http://a/?x=1&y=#2\nEMPTY=\n SPACED = no\n_X1=a b \n';
    await writeFile(join(folder, 'answer'), text.replace(' SPACED = no\n', ''));
    expect(await provide('cat answer > "$PROVIDE_OUT"; test "$DEP_NAME" = keycloak')).toEqual({
      CLIENT_ID: 'app',
      URL: 'http://a/?x=1&y=#2',
      EMPTY: '',
      _X1: 'a b ',
    });
    expect(await provideFolders()).toEqual([]);
  });

  it('that writes nothing provides nothing', async () => {
    expect(await provide('true')).toEqual({});
  });

  it('cannot tell the log what it provides, not even before it is known, nor when it fails', async () => {
    await provide(
      'echo "SECRET=open-sesame" > "$PROVIDE_OUT"; echo "ID=app" >> "$PROVIDE_OUT"; echo open-sesame app',
    );
    expect(logged).toBe('*** app\n');
    await faultOf(provide('echo "OTHER=shibboleth" > "$PROVIDE_OUT"; echo shibboleth; exit 1'));
    expect(logged).toBe('*** app\n***\n');
    expect(concealed).toEqual(['open-sesame', 'shibboleth']);
  });

  it.each([
    ['fails', 'echo no >&2; exit 2', 'ended with exit code 2'],
    ['writes no KEY=value', 'printf "A=1\\nnonsense\\n" > "$PROVIDE_OUT"', 'line 2'],
    ['writes a name that none can be', 'echo "1A=x" > "$PROVIDE_OUT"', 'line 1'],
    ['writes too much', 'head -c 70000 /dev/zero | tr "\\0" A > "$PROVIDE_OUT"', 'longer than 65536 bytes'],
    ['makes a pipe instead', 'mkfifo "$PROVIDE_OUT"', 'not a file'],
    ['makes a link instead', 'ln -s /etc/passwd "$PROVIDE_OUT"', 'cannot read $PROVIDE_OUT'],
  ])('that %s is red', async (_name, script, why) => {
    const fault = await faultOf(provide(script));
    expect(fault).toMatchObject({ verdict: 'red', reason: 'provide-failed' });
    expect(fault.message).toContain(why);
    expect(await provideFolders()).toEqual([]);
  });

  it('that cannot be given a file is not to blame', async () => {
    await rm(join(folder, 'tmp'), { recursive: true });
    const fault = await faultOf(provide('true'));
    expect(fault.verdict).toBe('infra');
    expect(fault.message).toContain(join(folder, 'tmp'));
  });
});
