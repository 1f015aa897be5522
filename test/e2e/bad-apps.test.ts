/** Apps that exit, hang, hide, leave things behind or answer wrongly. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

describe('apps', () => {
  const cases: [string, object, string, string, RegExp][] = [
    ['exits', { exitAtStart: 3 }, 'red', 'install', /ended with exit code 3[\s\S]*exiting as told/],
    ['never opens its port', { neverListen: true }, 'timeout', 'install', /did not answer/],
    [
      'listens elsewhere',
      { wrongPort: true },
      'timeout',
      'install',
      /listens on port \d+, expected \$PORT = \d+/,
    ],
    ['answers 500', { answer500: true }, 'red', 'install', /answered 500, expected 200: broken, as told/],
  ];

  it.each(cases)('one that %s', async (_, behaviour, verdict, step, message) => {
    const upstream = await fleet.upstream('shop');
    await upstream.release(V1, behaviour);
    await fleet.manifest('shop', { ...fleet.storeSpec(), health: { timeout: '2s', stableFor: '0s' } });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(2);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'held',
      trial: { verdict, step, promoted: false },
    });
    expect(row(outcome, 'shop').trial?.message).toMatch(message);
    expect(await fleet.record('shop')).toBeNull();
    await expectInvariants(fleet);
  });

  it('one that exits while it should stay healthy', async () => {
    const upstream = await fleet.upstream('shop');
    await upstream.release(V1, { exitAfter: 400 });
    await fleet.manifest('shop', { ...fleet.storeSpec(), health: { timeout: '5s', stableFor: '3s' } });
    const { trial } = row(await pass(fleet), 'shop');
    expect(trial).toMatchObject({ verdict: 'red', step: 'install' });
    expect(trial?.message).toContain('exiting after a while');
    await expectInvariants(fleet);
  });

  it('one that forks into a session of its own, and one that ignores SIGTERM, leave nothing behind', async () => {
    const forks = await fleet.upstream('forks');
    await forks.release(V1, { fork: true });
    await fleet.manifest('forks');
    const stubborn = await fleet.upstream('stubborn');
    await stubborn.release(V1, { ignoreSigterm: true, answer500: true });
    await fleet.manifest('stubborn', { ...fleet.storeSpec(), health: { timeout: '1s' } });
    await fleet.reconciler({ concurrency: { trials: 2 } });
    expect(decisions(await pass(fleet))).toEqual({ forks: 'in-sync', stubborn: 'held' });
    for (const { pid, forked } of await fleet.starts()) {
      expect(() => process.kill(pid ?? forked ?? 0, 0)).toThrow('ESRCH');
    }
    await expectInvariants(fleet);
  });

  it('one whose children clear their environment, leave session and folder, and lose their parent', async () => {
    const escape =
      'env -i setsid sh -c "cd /; echo \\$\\$ >> $PIDS; setsid sleep 7771 & exec sleep 7772" & sleep 0.3';
    const command = ['sh', '-c', `${escape}; exec node app.mjs`];
    const pids = join(fleet.folder, 'pids');
    const app = { env: { PIDS: pids }, process: { command, volumes: ['data'] } };
    const check = { name: 'escape', phase: 'installed', command: ['sh', '-c', `PIDS=${pids}; ${escape}`] };
    await fleet.recipe('shop', V1, { app, checks: [check] });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    const escaped = (await readFile(pids, 'utf8')).trim().split('\n').map(Number);
    expect(escaped.length).toBe(3);
    expect((await commandLines()).filter((line) => /^sleep 777[12]$/.test(line))).toEqual([]);
    await expectInvariants(fleet);
  });

  it('one that prints its secret at the very edge of what is shown', async () => {
    const upstream = await fleet.upstream('shop');
    const tell = (script: string) =>
      `const secret = require('fs').readFileSync(process.env.SECRET_PASSWORD_FILE, 'utf8'); ${script}`;
    await upstream.release(
      V1,
      {},
      {
        files: {
          'long.cjs': tell("console.log(secret + 'x'.repeat(1985)); process.exit(1)"),
          'http.cjs': tell(
            "require('http').createServer((_, r) => r.writeHead(500).end('y'.repeat(180) + ' ' + secret)).listen(process.env.PORT, '127.0.0.1')",
          ),
        },
      },
    );
    for (const file of ['long.cjs', 'http.cjs']) {
      const app = { process: { command: ['node', file], volumes: ['data'], secrets: ['password'] } };
      await fleet.manifest('shop', { app, health: { timeout: '1s' } });
      const { trial } = row(await pass(fleet), 'shop');
      const words = (trial?.message ?? '').match(/[A-Za-z0-9]{8,31}/g) ?? [];
      const known =
        /xxx|yyy|message|install|answered|expected|become|healthy|timeout|without|exited|localhost|127/;
      expect(words.filter((word) => !known.test(word) && /[A-Z]/.test(word) && /[0-9]/.test(word))).toEqual(
        [],
      );
    }
  });

  it('one that leaves things beside its volumes is promoted without them', async () => {
    const command = [
      'sh',
      '-c',
      'mkdir "$VOLUME_DATA/../.hidden" "$VOLUME_DATA/../../My Stuff"; exec node app.mjs',
    ];
    await fleet.recipe('shop', V1, { app: { process: { command, volumes: ['data'] } } });
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ volumes: [{ name: 'data' }] });
    const made = join(fleet.state, 'shop', 'generations', '1');
    expect((await readdir(made)).toSorted()).toEqual(['generation.json', 'volumes']);
    expect(await readdir(join(made, 'volumes'))).toEqual(['data']);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });

  it('one that replaces its volume by a link to somewhere else is red', async () => {
    const elsewhere = join(fleet.folder, 'elsewhere');
    await mkdir(elsewhere);
    const command = [
      'sh',
      '-c',
      `rm -r "$VOLUME_DATA"; ln -s ${elsewhere} "$VOLUME_DATA"; exec node app.mjs`,
    ];
    await fleet.recipe('shop', V1, { app: { process: { command, volumes: ['data'] } } });
    expect(row(await pass(fleet), 'shop').trial).toMatchObject({ verdict: 'red', step: 'rest' });
    expect(await fleet.record('shop')).toBeNull();
    await expectInvariants(fleet);
  });

  it('one whose data hangs on where it was built does not start again, and is red', async () => {
    const command = [
      'sh',
      '-c',
      'test -e "$VOLUME_DATA/first" || { touch "$VOLUME_DATA/real"; ln -s "$VOLUME_DATA/real" "$VOLUME_DATA/first"; }; test -e "$VOLUME_DATA/first" || exit 7; exec node app.mjs',
    ];
    const dangling = command.map((each) =>
      each.replace('test -e "$VOLUME_DATA/first" ||', 'test -L "$VOLUME_DATA/first" ||'),
    );
    await fleet.recipe('shop', V1, { app: { process: { command: dangling, volumes: ['data'] } } });
    const { trial } = row(await pass(fleet), 'shop');
    expect(trial).toMatchObject({ verdict: 'red', step: 'rest' });
    expect(trial?.message).toContain('exit code 7');
    await expectInvariants(fleet);
  });

  it('one whose manifest does not say how to run it, and one whose command does not exist', async () => {
    const spec = fleet.storeSpec();
    await fleet.recipe('mute', V1, { app: {} });
    await fleet.recipe('lost', V1, { ...spec, app: { process: { command: ['no-such-program'] } } });
    const outcome = await pass(fleet);
    expect(row(outcome, 'mute').trial?.message).toContain('spec.app.process is missing');
    expect(row(outcome, 'lost').trial?.message).toContain('no-such-program');
    for (const name of ['mute', 'lost'])
      expect(row(outcome, name).trial).toMatchObject({ verdict: 'red', step: 'install' });
    await expectInvariants(fleet);
  });

  it('one that gets nothing of our environment but what is listed', async () => {
    const upstream = await fleet.upstream('shop');
    await upstream.release(V1, { printEnv: true });
    await fleet.manifest('shop', fleet.storeSpec({ env: { GREETING: 'hello' }, secrets: ['password'] }));
    await pass(fleet, [], { env: { OUR_TOKEN: 'do-not-tell', RECONCILE_TOKEN: 'nor-this' } });
    const { stdout } = await fleet.reconcile(['logs', 'shop', '--step', 'install']);
    const printed = /\{"[^\n]*"\}/.exec(stdout)?.[0] ?? '{}';
    expect(Object.keys(JSON.parse(printed)).toSorted()).toEqual(
      [
        ...['DOMAIN', 'GREETING', 'HOME', 'LANG', 'PATH', 'PORT', 'RECONCILE_MARK', 'SECRET_PASSWORD_FILE'],
        ...['STACK_NAME', 'STARTS_LOG', 'TMPDIR', 'VERSION', 'VOLUME_DATA'],
      ].toSorted(),
    );
  });
});

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.map((line) => line.replaceAll('\0', ' ').trim());
}
