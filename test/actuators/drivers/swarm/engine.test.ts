/** How the docker command is started: with a program in its place that says what it was given. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Engine } from '../../../../src/actuators/drivers/swarm/engine.ts';
import { withheldFrom } from '../../../../src/actuators/drivers/swarm/powerful-variables.ts';
import { faultOf } from '../../../suites/driver.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
  vi.stubEnv('DOCKER_HOST', 'unix:///ours');
  vi.stubEnv('OF_OURS', 'private');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const call = { mark: 'm'.repeat(32) };
const docker = async (script: string): Promise<void> => {
  await writeFile(join(folder, 'docker'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'docker'), 0o755);
};

describe('the docker command', () => {
  it('gets nothing that could choose another engine, program or library', async () => {
    await docker('env');
    const files = [
      'PATH',
      'HOME',
      'SHELL',
      'LD_PRELOAD',
      'BASH_ENV',
      'DOCKER_CONFIG',
      'OPENSSL_CONF',
      'LOCPATH',
    ];
    const texts = ['DOCKER_HOST', 'GODEBUG', 'HOSTALIASES', 'SSH_ASKPASS', 'SSL_CERT_DIR', 'https_proxy'];
    const env = Object.fromEntries([...files, ...texts].map((name) => [name, '/evil']));
    const said = await new Engine().lines(['stack', 'deploy'], { ...call, env });
    expect(said).toContain('DOCKER_HOST=unix:///ours');
    expect(said.filter((line) => /evil|private/.test(line))).toEqual([]);
    expect(withheldFrom(env)).toEqual(Object.keys(env));
  });

  it('gets all else that a recipe sets, however it begins', async () => {
    await docker('env');
    const plain = [
      'DOMAIN',
      'GOOGLE_CLIENT_ID',
      'GOTIFY_TOKEN',
      'SSH_PORT',
      'SSL_MODE',
      'XDG_SEAT',
      'LC_TIME',
    ];
    const more = ['ENV', 'TZ', 'PATH_PREFIX', 'HTTP_PROXY_COUNT', 'MALLOC_ARENA_MAX', 'godebug'];
    const env = Object.fromEntries([...plain, ...more].map((name) => [name, 'theirs']));
    const said = await new Engine().lines(['stack', 'deploy'], { ...call, env });
    expect(said).toEqual(expect.arrayContaining(Object.keys(env).map((name) => `${name}=theirs`)));
    expect(withheldFrom(env)).toEqual([]);
  });

  it('reads what it is told from its standard input, and not from its arguments', async () => {
    await docker('echo "$# arguments"; cat');
    expect(await new Engine().text(['secret', 'create'], { ...call, input: 'secret' })).toBe(
      '2 arguments\nsecret',
    );
  });

  it.each([
    [
      'fails',
      'echo "Error response from daemon: no" >&2; exit 1',
      'engine-failed',
      'docker volume rm failed: no',
    ],
    [
      'fails, after what newer ones say in any case',
      'echo "Since --detach=false was not specified, tasks will be created in the background." >&2;' +
        'echo "In a future release, --detach=false will become the default." >&2; echo "no room" >&2; exit 1',
      'engine-failed',
      'docker volume rm failed: no room',
    ],
    ['does not end', 'exec sleep 100', 'engine-timeout', 'did not end within 0.3 s'],
  ])('is infra where it %s', async (_what, script, reason, words) => {
    await docker(script);
    const fault = await faultOf(new Engine().text(['volume', 'rm', '--', 'a'], { ...call, timeoutMs: 300 }));
    expect(fault).toMatchObject({ verdict: 'infra', reason });
    expect(fault.message).toContain(words);
  });

  it('is infra where there is none, with what to do', async () => {
    vi.stubEnv('PATH', folder);
    expect(await faultOf(new Engine().text(['info'], call))).toMatchObject({
      verdict: 'infra',
      reason: 'no-docker',
      hint: 'install the docker command on this machine',
    });
  });

  it('may answer of fewer things than it was asked for, and never of none that it understands wrongly', async () => {
    const schema = z.object({ ID: z.string() });
    await docker('echo \'[{"ID": "a"}]\'; echo "Error: no such task: b" >&2; exit 1');
    expect(await new Engine().inspect('task', ['a', 'b'], schema, call)).toEqual([{ ID: 'a' }]);
    await docker('echo \'[{"Id": 1}]\'');
    const fault = await faultOf(new Engine().inspect('task', ['a'], schema, call));
    expect(fault).toMatchObject({ verdict: 'infra', reason: 'engine-answer' });
  });
});
