/** Tokens reach the servers that they are for, and nothing else: no argument, no log, no stored file, no other server. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeCommand, fakeGit } from '../fixtures/fake-commands.ts';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const UPSTREAM_TOKEN = 'upstream-hush-4711';
const MIRROR_TOKEN = 'mirror-hush-4712';
const V1 = '1.0.0+1.0';
let fleet: Fleet;
let upstreams: HttpGit;
let mirrors: HttpGit;
let upstream: UpstreamRepo;
let mirror: UpstreamRepo;

beforeEach(async () => {
  fleet = await Fleet.create();
  const root = join(fleet.folder, 'mirrors');
  await mkdir(root);
  upstreams = await HttpGit.start(fleet.upstreams);
  mirrors = await HttpGit.start(root);
  mirrors.writable = true;
  mirror = await UpstreamRepo.create(join(root, 'shop'));
  await mirror.git('config', 'core.bare', 'true');
  Object.assign(upstreams, { mode: 'require-auth', credentials: `git:${UPSTREAM_TOKEN}` });
  Object.assign(mirrors, { mode: 'require-auth', credentials: `deploy:${MIRROR_TOKEN}` });
  upstream = await fleet.recipe('shop', V1, {
    upstream: upstreams.url('shop'),
    mirror: { url: mirrors.url('shop/.git') },
  });
  await writeFile(join(fleet.folder, 'token'), `${MIRROR_TOKEN}\n`, { mode: 0o600 });
});

afterEach(async () => {
  await upstreams.close();
  await mirrors.close();
  await fleet.dispose();
});

const credentials = async (tokenFile = '../token') =>
  await fleet.reconciler({
    credentials: [
      { url: upstreams.origin, tokenEnv: 'UPSTREAM_TOKEN' },
      { url: `${mirrors.origin}/shop`, username: 'deploy', tokenFile },
    ],
  });

/** The tokens, and what they look like in a header. */
function secrets(): string[] {
  const pairs = [`git:${UPSTREAM_TOKEN}`, `deploy:${MIRROR_TOKEN}`];
  return [UPSTREAM_TOKEN, MIRROR_TOKEN, ...pairs.map((pair) => Buffer.from(pair).toString('base64'))];
}

async function filesWithSecrets(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const contents = await readFile(path, 'latin1');
    if (secrets().some((secret) => contents.includes(secret))) found.push(path);
  }
  return found;
}

function expectNoSecret({ stdout, stderr }: Outcome): void {
  for (const secret of secrets()) expect(`${stdout}${stderr}`).not.toContain(secret);
}

it('a token from the environment and one from a file open upstream and mirror, and stand nowhere else', async () => {
  await credentials();
  const log = join(fleet.folder, 'args.log');
  const { PATH } = await fakeGit(fleet.folder, `printf '%s\\n' "$@" >> '${log}'`);
  const env = { PATH, UPSTREAM_TOKEN };
  const outcome = await pass(fleet, ['--log-level', 'trace'], { env });
  expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
  expect(await mirror.commitOf(V1)).toBe(await upstream.commitOf(V1));
  expectNoSecret(outcome);
  const args = await readFile(log, 'utf8');
  expect(args).toContain('push');
  for (const secret of secrets()) expect(args).not.toContain(secret);
  expect(await filesWithSecrets(fleet.state)).toEqual([]);
  // The app was given nothing of it.
  expect(await filesWithSecrets(join(fleet.folder, 'tmp'))).toEqual([]);
  const again = await pass(fleet, [], { env });
  expect(again.code).toBe(0);
  await expectInvariants(fleet);
});

it('a token that is not set, empty, or refused is told as that, and what to do about it', async () => {
  await credentials();
  for (const [UPSTREAM, why] of [
    [undefined, '$UPSTREAM_TOKEN holds no token'],
    ['', '$UPSTREAM_TOKEN holds no token'],
    ['another-hush', 'it refuses the token that it was sent'],
  ] as const) {
    const outcome = await pass(fleet, [], {
      env: UPSTREAM === undefined ? {} : { UPSTREAM_TOKEN: UPSTREAM },
    });
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'upstream-unreachable' });
    expect(row(outcome, 'shop').message).toContain(why);
    expect(row(outcome, 'shop').message).not.toContain('another-hush');
  }
});

it('a mirror that refuses the token ends the trial as infra, and repeats the token nowhere', async () => {
  await credentials('../wrong');
  await writeFile(join(fleet.folder, 'wrong'), 'wrong-hush-4713');
  const outcome = await pass(fleet, [], { env: { UPSTREAM_TOKEN } });
  expect(row(outcome, 'shop')).toMatchObject({ trial: { verdict: 'infra', step: 'sync' } });
  expect(`${outcome.stdout}${outcome.stderr}`).not.toContain('wrong-hush-4713');
  expect(await fleet.starts()).toEqual([]);
  expect(await filesWithSecrets(fleet.state)).toEqual([]);
});

it('userinfo in a manifest is refused, and the message says where a token belongs', async () => {
  const url = upstreams.url('shop').replace('http://', `http://git:${UPSTREAM_TOKEN}@`);
  await fleet.manifest('shop', { ...fleet.storeSpec(), upstream: url });
  const outcome = await fleet.reconcile(['validate']);
  expect(outcome.code).toBe(1);
  expect(`${outcome.stdout}${outcome.stderr}`).toMatch(/spec\.credentials of the Reconciler document/);
  expectNoSecret(outcome);
});

it('ssh is the user’s own, with their configuration and without a prompt', async () => {
  const log = join(fleet.folder, 'ssh.log');
  // In place of the way to another host: what is asked for there is done here.
  const script = `printf '%s\\n' "$@" "HOME=$HOME" >> '${log}'; for last in "$@"; do :; done; cd '${fleet.upstreams}' && exec sh -c "$last"`;
  const { PATH } = await fakeCommand(fleet.folder, 'ssh', script);
  await fleet.manifest('shop', { ...fleet.storeSpec(), upstream: 'git@forge.example.org:shop' });
  const outcome = await pass(fleet, [], { env: { PATH } });
  expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
  const words = (await readFile(log, 'utf8')).split('\n');
  expect(words).toContain('-oBatchMode=yes');
  expect(words).toContain('git@forge.example.org');
  expect(words).toContain(`HOME=${join(fleet.folder, 'home')}`);
  await expectInvariants(fleet);
});
