/** What bad input gets: a clear error that names file, field or recipe, and nothing lost. */
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
});

describe('nothing to evaluate is an error, never a success', () => {
  it('a missing manifest folder', async () => {
    const outcome = await fleet.reconcile(['--once', '--json', '--manifests', join(fleet.folder, 'nowhere')]);
    expect(outcome.code).toBe(1);
    expect(outcome.json).toMatchObject({ exitCode: 1 });
    expect(String(outcome.json?.error)).toContain('nowhere');
  });

  it('an empty manifest folder', async () => {
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('no manifest');
  });

  it('nothing enrolled', async () => {
    await fleet.recipe('shop', V1, { enrolled: false, reason: 'retired' });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('no recipe is enrolled');
    expect((await plan(fleet)).code).toBe(1);
  });

  it('a recipe that nobody knows', async () => {
    await fleet.recipe('shop', V1);
    const outcome = await pass(fleet, ['shpo']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('"shpo"');
    expect(await fleet.starts()).toEqual([]);
    expect((await fleet.reconcile(['status', '--json'])).json?.error).toContain('no pass');
  });

  it('an invalid or a second Reconciler document: every recipe is unknown, and nothing acts', async () => {
    await fleet.recipe('shop', V1);
    await fleet.reconciler({ intervall: '5m' });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'unknown',
      reason: 'config-invalid',
      acted: false,
    });
    expect(String(outcome.json?.error)).toContain('intervall');
    expect(await fleet.starts()).toEqual([]);
  });

  it('a status before any pass', async () => {
    const outcome = await fleet.reconcile(['status', '--json']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('no pass');
  });

  it('usage that makes no sense', async () => {
    for (const args of [
      ['plam'],
      ['--onec'],
      ['logs'],
      ['schema', 'x'],
      ['plan', '--log-level', 'loud'],
      [],
    ]) {
      expect((await fleet.reconcile(args)).code).toBe(1);
      const asJson = await fleet.reconcile([...args, '--json']);
      expect(asJson.code).toBe(1);
      expect(asJson.json?.error).toBeTypeOf('string');
    }
  });
});

describe('manifests', () => {
  it('a bad one is reported at its place and never stops the others', async () => {
    await fleet.recipe('shop', V1);
    await fleet.document(
      'blog.yaml',
      'apiVersion: reconcile/v1\nkind: Recipe\nmetadata:\n  name: blog\nspec:\n  upstraem: x\n  retain: many\n',
    );
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync', blog: 'unknown' });
    expect(row(outcome, 'blog').message).toContain('blog.yaml:6:3');
    const { code, stdout } = await fleet.reconcile(['validate']);
    expect(code).toBe(1);
    expect(stdout).toContain('did you mean "upstream"');
    expect(stdout).toContain('blog.yaml:7:11');
    await expectInvariants(fleet);
  });

  it('two of one name are both wrong', async () => {
    await fleet.recipe('shop', V1);
    await fleet.document('again.yaml', await readFile(join(fleet.manifests, 'shop.yaml'), 'utf8'));
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(1);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'manifest-invalid' });
  });

  it('one that cannot be read keeps a record without a manifest from counting as de-enrolled', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await pass(fleet);
    await fleet.document('shop.yaml', '{ not: [yaml');
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'manifest-invalid' });
    expect(row(outcome, 'blog').decision).toBe('in-sync');
    expect(await fleet.record('shop')).toMatchObject({ version: V1 });
    await fleet.removeManifest('shop');
    expect(row(await pass(fleet), 'shop')).toMatchObject({ decision: 'not-enrolled', reason: 'orphaned' });
    await expectInvariants(fleet);
  });
});

describe('upstreams', () => {
  it('one that does not exist, and one that is not git', async () => {
    await fleet.recipe('shop', V1);
    await fleet.manifest('gone', { ...fleet.storeSpec(), upstream: '../upstream/nowhere' });
    await mkdir(join(fleet.upstreams, 'folder'));
    await fleet.manifest('folder');
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync', gone: 'unknown', folder: 'unknown' });
    expect(row(outcome, 'gone')).toMatchObject({ reason: 'upstream-unreachable' });
    expect(row(outcome, 'gone').message).toContain(join(fleet.upstreams, 'nowhere'));
  });

  it('over http: served, refused, asking for a password, not git, and hanging', async () => {
    await fleet.recipe('shop', V1);
    const server = await HttpGit.start(fleet.upstreams);
    try {
      await fleet.manifest('shop', { ...fleet.storeSpec(), upstream: server.url('shop') });
      expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
      expect(server.count('shop')).toBeGreaterThan(0);
      for (const mode of ['refuse', 'require-auth', 'not-git', 'hang'] as const) {
        server.mode = mode;
        const started = Date.now();
        const outcome = await pass(fleet, [], { env: { RECONCILE_UPSTREAM_TIMEOUT: '1s' } });
        expect(outcome.code).toBe(4);
        expect(row(outcome, 'shop')).toMatchObject({
          decision: 'unknown',
          reason: 'upstream-unreachable',
          acted: false,
        });
        expect(row(outcome, 'shop').message).toContain(server.url('shop'));
        expect(Date.now() - started).toBeLessThan(15_000);
      }
    } finally {
      await server.close();
    }
    const refused = await pass(fleet);
    expect(row(refused, 'shop')).toMatchObject({ decision: 'unknown' });
    expect(await fleet.record('shop')).toMatchObject({ version: V1 });
    await expectInvariants(fleet);
  });

  it('a web server that answers with nothing at all is not an empty repository', async () => {
    const upstream = await fleet.upstream('empty');
    const git = await HttpGit.start(fleet.upstreams);
    const web = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
    await once(web, 'listening');
    try {
      const { port } = web.address() as AddressInfo;
      await fleet.manifest('web', { ...fleet.storeSpec(), upstream: `http://127.0.0.1:${port}/x.git` });
      await fleet.manifest('git', { ...fleet.storeSpec(), upstream: git.url('empty') });
      const outcome = await pass(fleet);
      expect(decisions(outcome)).toEqual({ web: 'unknown', git: 'never-released' });
      expect(row(outcome, 'web').message).toContain('not as a git server does');
      expect(upstream.folder).toContain('empty');
    } finally {
      web.close();
      await git.close();
    }
  });

  it('an empty repository, tags that are no releases, and two tags on one commit', async () => {
    await fleet.upstream('empty');
    await fleet.manifest('empty');
    const strange = await fleet.upstream('strange');
    await strange.commit({ 'README.md': 'nothing here' });
    for (const name of ['latest', 'v1.0.0', '1.0', '1.0.0']) await strange.tag(name);
    await fleet.manifest('strange');
    const twice = await fleet.recipe('twice', V1);
    await twice.tag('latest');
    await twice.tag(V2);
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(decisions(outcome)).toEqual({
      empty: 'never-released',
      strange: 'never-released',
      twice: 'in-sync',
    });
    expect(await fleet.record('twice')).toMatchObject({ version: V2, commit: await twice.commitOf(V1) });
    const { stdout } = await fleet.reconcile(['explain', 'strange']);
    expect(stdout).toMatch(/ignored {2}v1\.0\.0 {2}\(a recipe version has no leading "v"\)/);
    await expectInvariants(fleet);
  });

  it('a release tag that names a tree is no release, and hides none', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await upstream.git('tag', V2, 'HEAD^{tree}');
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'in-sync', canonical: { version: V1 } });
    expect((await fleet.reconcile(['explain', 'shop'])).stdout).toContain(
      `ignored  ${V2}  (it names no commit)`,
    );
    await upstream.moveTag(V2);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version: V2 });
    await expectInvariants(fleet);
  });

  it('one that suddenly shows no tags at all is unknown, and nothing is lost', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.deleteTag(V1);
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'unknown',
      reason: 'tags-vanished',
      acted: false,
    });
    await expectInvariants(fleet, { rewritten: ['shop'] });
  });

  it('a tag that moved is held, with both commits', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    const old = await upstream.commitOf(V1);
    await upstream.commit({ 'README.md': 'rewritten' });
    await upstream.moveTag(V1);
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(3);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'held', reason: 'tag-moved', drift: null });
    for (const commit of [old, await upstream.commitOf(V1)])
      expect(row(outcome, 'shop').message).toContain(commit);
    await expectInvariants(fleet, { rewritten: ['shop'] });
  });
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

describe('checks', () => {
  const checked = (command: string[], timeout = '20s') => ({
    checks: [{ name: 'mine', phase: 'installed', command, timeout }],
  });
  const cases: [string, string[], string, string, string][] = [
    ['fails', ['sh', '-c', 'echo not good enough; exit 4'], '20s', 'red', 'exit code 4'],
    ['cannot be run', ['./no-such-check'], '20s', 'red', 'could not run check mine'],
    ['hangs', ['sleep', '600'], '1s', 'timeout', 'did not end within 1 s'],
    [
      'hangs, and hides in another session',
      ['sh', '-c', 'setsid sleep 600 & setsid sleep 601'],
      '1s',
      'timeout',
      'did not end',
    ],
  ];

  it.each(cases)('one that %s', async (_, command, timeout, verdict, message) => {
    await fleet.recipe('shop', V1, checked(command, timeout));
    const { trial } = row(await pass(fleet), 'shop');
    expect(trial).toMatchObject({ verdict, step: 'install', promoted: false });
    expect(trial?.message).toContain(message);
    await expectInvariants(fleet);
  });

  it('one that writes a gigabyte costs neither memory nor disk', async () => {
    await fleet.recipe(
      'shop',
      V1,
      checked(['sh', '-c', 'yes | head -c 1000000000; echo; echo the end; exit 1'], '40s'),
    );
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'red' });
    expect(row(outcome, 'shop').trial?.message).toContain('the end');
    const log = join(fleet.state, 'shop', 'trials', row(outcome, 'shop').trial?.id ?? '', 'install.log');
    expect((await readFile(log)).length).toBeLessThan(5 * 1024 * 1024);
    await expectInvariants(fleet);
  });

  it('one that leaves something running passes, and what it left is ended', async () => {
    await fleet.recipe('shop', V1, checked(['sh', '-c', 'setsid sleep 600 >/dev/null 2>&1 & exit 0']));
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });
});

describe('the state folder', () => {
  it('one that cannot be written is an error that names it', async () => {
    await fleet.recipe('shop', V1);
    await writeFile(join(fleet.folder, 'file'), '');
    for (const state of [join(fleet.folder, 'file'), '/proc/reconcile']) {
      const outcome = await pass(fleet, [], { state });
      expect(outcome.code).toBe(1);
      expect(String(outcome.json?.error)).toContain(state);
    }
    expect(await fleet.starts()).toEqual([]);
  });

  it('of a newer program is refused', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    await writeFile(join(fleet.state, '.reconcile', 'schema.json'), '{"version": 2}');
    const before = await fleet.listing();
    for (const args of [['--once'], ['plan'], ['status']]) {
      const outcome = await fleet.reconcile([...args, '--json']);
      expect(outcome.code).toBe(1);
      expect(String(outcome.json?.error)).toContain('schema version 2');
    }
    expect(await fleet.listing()).toEqual(before);
  });

  it.each([
    ['truncated', '{"recipe": "shop", "version"'],
    ['empty', ''],
    ['not a record', '[]'],
    [
      "another recipe's",
      '{"recipe":"blog","version":"1.0.0+1.0","commit":"df2e27339f983a25da548fc8b8d56e9af8645f83","status":"idle","ts":"x"}',
    ],
    [
      'one that leaves its folder',
      '{"recipe":"shop","version":"1.0.0+1.0","commit":"df2e27339f983a25da548fc8b8d56e9af8645f83","status":"idle","ts":"x","generation":"../../x"}',
    ],
  ])('a record that is %s is unknown, and never overwritten', async (_, text) => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    await upstream.release(V2);
    const path = join(fleet.state, 'shop', 'canonical.json');
    await writeFile(path, text);
    const starts = await fleet.starts();
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'unknown',
      reason: 'record-unreadable',
      acted: false,
    });
    expect(row(outcome, 'shop').message).toContain(path);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await fleet.starts()).toEqual(starts);
  });

  it('a record with only the five old fields is accepted, and advanced afresh', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await mkdir(join(fleet.state, 'shop'), { recursive: true });
    const old = {
      recipe: 'shop',
      version: V1,
      commit: await upstream.commitOf(V1),
      status: 'idle',
      ts: '20260617T065532Z',
    };
    await writeFile(join(fleet.state, 'shop', 'canonical.json'), JSON.stringify(old));
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.starts()).toEqual([]);
    await upstream.release(V2);
    expect(row(await plan(fleet), 'shop').message).toContain('adopted without volumes');
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
    expect(await fleet.record('shop')).toMatchObject({ version: V2, generation: 1, kept: [] });
    await expectInvariants(fleet);
  });

  it('a trial whose file is damaged neither stops its recipe nor is used again', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    const [id] = await import('node:fs/promises').then(({ readdir }) =>
      readdir(join(fleet.state, 'shop', 'trials')),
    );
    await writeFile(join(fleet.state, 'shop', 'trials', id ?? '', 'trial.json'), '{');
    await upstream.release(V2);
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
    expect(outcome.stderr).toContain('a stored trial cannot be read');
    expect(await fleet.record('shop')).toMatchObject({ generation: 2 });
    await rm(join(fleet.state, 'shop', 'trials', id ?? ''), { recursive: true });
  });
});

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.map((line) => line.replaceAll('\0', ' ').trim());
}
