import {
  chmod,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Deployed, NewHome } from '../../../../src/reconciler/ports.ts';
import { makeDeepTree, makePipe } from '../../../fixtures/odd-files.ts';
import { faultOf, until } from '../../../suites/driver.ts';
import { ProcessHarness, type ProcessChanges } from './harness.ts';

let harness: ProcessHarness;
let home: NewHome;
beforeEach(async () => {
  harness = await ProcessHarness.make();
  home = harness.home('one');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await harness.dispose();
});

const deploy = async (behaviour: string, over?: ProcessChanges): Promise<Deployed> =>
  await harness.driver.deploy(await harness.request(behaviour, home, over), harness.work());
const undeploy = async (): Promise<void> => await harness.driver.undeploy(home.stack, harness.work());

describe('what an app is given', () => {
  it('runs in its checkout with the names of the contract, what was provided, and nothing else of ours', async () => {
    vi.stubEnv('OF_OURS', 'private');
    const over = {
      volumes: ['user-files'],
      secrets: ['db-password'],
      version: '1.2.3+4',
      env: { COLOUR: 'red', PORT: '1', VERSION: 'mine', DEP_KEYCLOAK_URL: 'mine' },
      provided: { DEP_KEYCLOAK_URL: 'http://keycloak', CLIENT: 'app' },
    };
    const { url } = await deploy('prints-environment', over);
    const { RECONCILE_MARK: mark, ...said } = JSON.parse(await (await fetch(url)).text()) as Record<
      string,
      string
    >;
    const { PATH, HOME, LANG } = process.env;
    expect(said).toEqual({
      ...(PATH === undefined ? {} : { PATH }),
      ...(HOME === undefined ? {} : { HOME }),
      ...(LANG === undefined ? {} : { LANG }),
      TMPDIR: join(harness.folder, 'tmp'),
      PORT: new URL(url).port,
      VOLUME_USER_FILES: join(home.folder, 'volumes', 'user-files'),
      SECRET_DB_PASSWORD_FILE: join(home.folder, 'secrets', 'db-password'),
      VERSION: '1.2.3+4',
      DOMAIN: `${home.stack}.localhost`,
      STACK_NAME: home.stack,
      DEP_KEYCLOAK_URL: 'http://keycloak',
      CLIENT: 'app',
      COLOUR: 'red',
      cwd: join(home.folder, '..', 'checkout'),
    });
    expect(mark).toBe(`${harness.work().mark}/${home.stack}`);
  });

  it('has secrets that only we may read', async () => {
    await deploy('answers', { secrets: ['key'] });
    expect((await stat(join(home.folder, 'secrets'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(home.folder, 'secrets', 'key'))).mode & 0o777).toBe(0o600);
  });

  it('cannot tell a secret to the log', async () => {
    await deploy('prints-secret', { secrets: ['db-password'] });
    await undeploy();
    expect(harness.logged()).toContain('the password is ***');
    expect(harness.logged()).not.toContain(
      await readFile(join(home.folder, 'secrets', 'db-password'), 'utf8'),
    );
  });
});

describe('an app that cannot be run', () => {
  it.each([
    ['is not there', ['./start'], 'command not found'],
    ['may not be executed', ['./data'], 'not executable'],
  ])('%s', async (_name, command, why) => {
    await mkdir(harness.checkout(home), { recursive: true });
    await writeFile(join(harness.checkout(home), 'data'), 'no program');
    await chmod(join(harness.checkout(home), 'data'), 0o644);
    const fault = await faultOf(deploy('answers', { command }));
    expect(fault).toMatchObject({ verdict: 'red', reason: 'app-not-runnable' });
    expect(fault.message).toContain(`app 1.0.0+1 with ${JSON.stringify(command)}`);
    expect(fault.message).toContain(why);
  });

  it('has a manifest that does not say how', async () => {
    const fault = await faultOf(deploy('answers', { command: null }));
    expect(fault).toMatchObject({ verdict: 'red', reason: 'app-not-declared' });
    expect(`${fault.message} ${fault.hint}`).toMatch(/manifests\/app\.yaml.*add app\.process\.command/s);
  });
});

describe('the verdict on', () => {
  it.concurrent.each([
    [
      'exits',
      'red',
      'app-exited',
      /^app 1\.0\.0\+1 ended with exit code 3\n(?:.*\n)*cannot start: there is no database$/,
    ],
    ['ends-well', 'red', 'app-exited', /^app 1\.0\.0\+1 ended with exit code 0\n(?:.*\n)*nothing to do$/],
    ['kills-itself', 'red', 'app-exited', /^app 1\.0\.0\+1 ended with signal SIGKILL; it said nothing$/],
    ['breaks-later', 'red', 'app-exited', /ended with exit code 1/],
    ['answers-500-then-hangs', 'red', 'wrong-answer', /answered 500, expected 200: on fire/],
    ['redirects', 'red', 'wrong-answer', /answered 302, expected 200/],
    ['hangs', 'timeout', 'health-timeout', /did not answer at http:\/\/127\.0\.0\.1:\d+\/ within 2 s/],
    ['wrong-port', 'timeout', 'health-timeout', /it listens on port \d+, expected \$PORT = \d+\n/],
    ['flaps', 'red', 'wrong-answer', /answered 500/],
  ])('an app that %s is %s %s', async (behaviour, verdict, reason, message) => {
    const own = await ProcessHarness.make();
    try {
      const request = await own.request(behaviour, own.home('one'), { timeoutMs: 2000, stableForMs: 1000 });
      const fault = await faultOf(own.driver.deploy(request, own.work()));
      expect(fault.message).toMatch(message);
      expect(fault).toMatchObject({ verdict, reason });
      expect(await own.running()).toEqual([]);
    } finally {
      await own.dispose();
    }
  });
});

describe('what is healthy', () => {
  it('says at once, and not at the deadline, that an app has ended', async () => {
    const start = performance.now();
    await faultOf(deploy('exits', { timeoutMs: 60_000 }));
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('is not what is healthy only at the very end', async () => {
    const fault = await faultOf(deploy('slow', { timeoutMs: 800, stableForMs: 2000 }));
    expect(fault).toMatchObject({ verdict: 'timeout', reason: 'health-timeout' });
    expect(fault.message).toContain(
      'was not healthy for 2 s without a break (health.stableFor) within 0.8 s',
    );
  });

  it('waits for as long as stableFor says, and hardly longer', async () => {
    const start = performance.now();
    await deploy('slow', { stableForMs: 500 });
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(800);
    expect(took).toBeLessThan(3000);
  });

  it('accepts the statuses and wants the text that the manifest names', async () => {
    await deploy('answers-500', { health: { status: [204, 500], contains: 'database' } });
    const fault = await faultOf(deploy('answers', { timeoutMs: 400, health: { contains: 'welcome' } }));
    expect(fault).toMatchObject({ verdict: 'red', reason: 'wrong-answer' });
    expect(fault.message).toContain('answered 200 without the text "welcome": all is well');
  });

  it('reads only the beginning of an answer without end', async () => {
    await deploy('floods-body');
    const fault = await faultOf(deploy('floods-body', { timeoutMs: 1000, health: { contains: 'never' } }));
    expect(fault.reason).toBe('wrong-answer');
  });

  it('is not what another program answers on the port', async () => {
    const request = await harness.request('silent', home, { timeoutMs: 5000 });
    const thief = createServer((_request, response) => response.end('mine'));
    thief.listen(Number(new URL(request.address.url).port), '127.0.0.1');
    await once(thief, 'listening');
    const fault = await faultOf(harness.driver.deploy(request, harness.work()));
    expect(fault).toMatchObject({ verdict: 'infra', reason: 'port-taken' });
    await new Promise((resolve) => thief.close(resolve));
  });

  it('blames no app for a port that another program took before it could', async () => {
    const request = await harness.request('answers', home, { timeoutMs: 5000 });
    const thief = createServer((socket) => void socket);
    thief.listen(Number(new URL(request.address.url).port), '127.0.0.1');
    await once(thief, 'listening');
    const start = performance.now();
    const fault = await faultOf(harness.driver.deploy(request, harness.work()));
    expect(fault).toMatchObject({ verdict: 'infra', reason: 'port-taken' });
    expect(performance.now() - start).toBeLessThan(3000);
    thief.closeAllConnections();
    await new Promise((resolve) => thief.close(resolve));
  });
});

describe('whatever an app starts', () => {
  it.each([
    ['forks', 2],
    ['moves-away', 3],
    ['daemonizes', 2],
    ['clears-environment', 3],
  ])('is ended with it: %s', async (behaviour, processes) => {
    await deploy(behaviour);
    await until(async () => (await readFile(harness.pids, 'utf8')).trim().split('\n').length === processes);
    expect(await harness.running()).not.toEqual([]);
    await undeploy();
    expect(await harness.running()).toEqual([]);
  });

  it('counts as the app, where its command has ended well', async () => {
    const deployed = await deploy('daemonizes', { stableForMs: 300 });
    await expect(deployed.confirm()).resolves.toBeUndefined();
    for (const pid of await harness.running()) process.kill(Number(pid), 'SIGKILL');
    await until(async () => (await harness.running()).length === 0);
    const fault = await faultOf(deployed.confirm());
    expect(fault).toMatchObject({ verdict: 'red', reason: 'app-exited' });
  });

  it('is found by a driver that did not start it', async () => {
    await deploy('moves-away');
    const successor = await ProcessHarness.make();
    await successor.driver.undeploy(home.stack, harness.work());
    expect(await harness.running()).toEqual([]);
    await successor.dispose();
  });
});

describe('a generation', () => {
  it('is what its manifest declares: whatever else an app left beside it goes', async () => {
    await deploy('stores');
    await undeploy();
    for (const place of ['volumes', 'secrets', '.'])
      await writeFile(join(home.folder, place, 'stray'), 'left');
    const measured = await harness.driver.measure(home, harness.manifest('stores'), harness.work());
    expect(measured.volumes.map(({ name }) => name)).toEqual(['data']);
    expect(measured.secrets).toEqual(['key']);
    expect(
      (await readdir(home.folder, { recursive: true })).filter((name) => name.endsWith('stray')),
    ).toEqual([]);
  });

  it('has no volume that is a link to somewhere else', async () => {
    await deploy('stores');
    await undeploy();
    await rename(join(home.folder, 'volumes', 'data'), join(harness.folder, 'elsewhere'));
    await symlink(join(harness.folder, 'elsewhere'), join(home.folder, 'volumes', 'data'));
    const measuring = harness.driver.measure(home, harness.manifest('stores'), harness.work());
    expect(await faultOf(measuring)).toMatchObject({ verdict: 'red', reason: 'volume-replaced' });
  });

  it.each(['home', 'home/volumes', 'home/secrets'])(
    'has nothing removed from where a link in the place of its folder leads: %s',
    async (place) => {
      await deploy('stores');
      await undeploy();
      const folder = join(home.folder, '..', place);
      const elsewhere = join(harness.folder, 'elsewhere');
      await rename(folder, elsewhere);
      await writeFile(join(elsewhere, 'precious'), 'not ours');
      await symlink(elsewhere, folder);
      const measuring = harness.driver.measure(home, harness.manifest('stores'), harness.work());
      expect(await faultOf(measuring)).toMatchObject({ verdict: 'red', reason: 'volume-replaced' });
      expect(await faultOf(deploy('answers'))).toMatchObject({ verdict: 'red', reason: 'volume-replaced' });
      expect(await readFile(join(elsewhere, 'precious'), 'utf8')).toBe('not ours');
    },
  );

  it('shares no file with a place outside of its volumes, and keeps the names that are its own together', async () => {
    await deploy('stores');
    await undeploy();
    const data = join(home.folder, 'volumes', 'data');
    const outside = join(harness.folder, 'outside');
    await writeFile(outside, 'before');
    await link(outside, join(data, 'one'));
    await link(outside, join(data, 'two'));
    const { volumes } = await harness.driver.measure(home, harness.manifest('stores'), harness.work());
    await writeFile(outside, 'after');
    expect(await readFile(join(data, 'one'), 'utf8')).toBe('before');
    expect((await stat(join(data, 'one'))).ino).toBe((await stat(join(data, 'two'))).ino);
    expect((await harness.driver.inspect(home, { volumes, secrets: ['key'] })).damage).toEqual([]);
    expect(await readdir(home.folder)).toEqual(['secrets', 'volumes']);
  });

  it('has no secret that is a link or a pipe, which would be followed or waited for', async () => {
    const secret = join(home.folder, 'secrets', 'key');
    for (const plant of [() => symlink('/etc/passwd', secret), async () => makePipe(secret)]) {
      await rm(home.folder, { recursive: true, force: true });
      await deploy('stores');
      await undeploy();
      await rm(secret);
      await plant();
      const measuring = harness.driver.measure(home, harness.manifest('stores'), harness.work());
      expect(await faultOf(measuring)).toMatchObject({ verdict: 'red', reason: 'secret-replaced' });
      expect(await faultOf(deploy('stores'))).toMatchObject({ verdict: 'red', reason: 'secret-replaced' });
    }
  });

  it('has no volume that lies deeper than a path can reach', async () => {
    await deploy('stores');
    await undeploy();
    makeDeepTree(join(home.folder, 'volumes', 'data'));
    const measuring = harness.driver.measure(home, harness.manifest('stores'), harness.work());
    expect(await faultOf(measuring)).toMatchObject({ verdict: 'red', reason: 'volume-unreadable' });
    const without = await harness.request('answers', home, { volumes: [] });
    await harness.driver.deploy(without, harness.work());
    expect(await readdir(join(home.folder, 'volumes'))).toEqual([]);
  });
});

describe('what the machine refuses', () => {
  it('is no fault of the recipe', async () => {
    await mkdir(join(home.folder, '..'), { recursive: true });
    await writeFile(home.folder, 'a file where the home should be');
    const fault = await faultOf(deploy('answers'));
    expect(fault).toMatchObject({ verdict: 'infra', reason: 'data-failed' });
    expect(fault.message).toContain(`could not prepare the data of ${home.stack}`);
    expect(fault.message).toContain(home.folder);
  });

  it('is not absence: a home that cannot be read is not one without volumes', async () => {
    await mkdir(home.folder, { recursive: true });
    await writeFile(join(home.folder, 'volumes'), 'a file where the folder should be');
    const volume = { name: 'data', bytes: 0, files: 0, fingerprint: 'sha256:0', digest: 'sha256:0' };
    const looking = harness.driver.inspect(home, { volumes: [volume], secrets: [] });
    await expect(looking).rejects.toThrow(join(home.folder, 'volumes', 'data'));
    const fault = await faultOf(harness.driver.clone(home, [volume], harness.home('two'), harness.work()));
    expect(fault).toMatchObject({ verdict: 'infra', reason: 'clone-failed' });
  });

  it('ends a clone when aborted, with the reason', async () => {
    await deploy('stores');
    await undeploy();
    const { volumes } = await harness.driver.measure(home, harness.manifest('stores'), harness.work());
    const stopped = harness.work(AbortSignal.abort(new Error('told to stop')));
    await expect(harness.driver.clone(home, volumes, harness.home('two'), stopped)).rejects.toThrow(
      'told to stop',
    );
    await expect(harness.driver.measure(home, harness.manifest('stores'), stopped)).rejects.toThrow(
      'told to stop',
    );
  });
});
