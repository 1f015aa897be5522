/** Unreadable is not absent (invariant I7): nothing is removed, demoted or seeded because something cannot be read. */
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeGit } from '../fixtures/fake-commands.ts';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { changedPaths } from '../fixtures/folder-listing.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { packetEnds, TamperingProxy, type Tampering } from '../fixtures/tampering-proxy.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

/** Of what lies in the state folder nothing but the last pass, and of `but` what may change, is another than before. */
async function unchangedBy(act: () => Promise<Outcome>, but: readonly string[] = []): Promise<Outcome> {
  const before = await fleet.listing();
  const outcome = await act();
  const may = ['.reconcile/passes.json', 'shop/status.json', ...but];
  const changed = changedPaths(before, await fleet.listing());
  expect(changed.filter((path) => !may.some((each) => path === each || path.startsWith(`${each}/`)))).toEqual(
    [],
  );
  return outcome;
}

/** While nobody may read or enter it. */
async function locked<T>(path: string, act: () => Promise<T>): Promise<T> {
  const { mode } = await stat(path);
  await chmod(path, 0o000);
  try {
    return await act();
  } finally {
    await chmod(path, mode);
  }
}

describe('what is stored and cannot be read', () => {
  let released = 0;
  let last = '';

  beforeAll(async () => {
    fleet = await Fleet.create({ unprivileged: true });
    await fleet.recipe('shop', V1, fleet.storeSpec({ secrets: ['password'] }));
    await fleet.recipe('blog', V1);
    await pass(fleet);
    [last = ''] = await readdir(join(fleet.state, 'shop', 'trials'));
    // Wherever something was taken for absent, there would be something to do.
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release(V2);
  });

  afterAll(async () => {
    await expectInvariants(fleet);
    await fleet.dispose();
  });

  it.each([
    ['.', 'record-unreadable'],
    ['canonical.json', 'record-unreadable'],
    ['status.json', 'record-unreadable'],
    ['trials', 'record-unreadable'],
    ['trials/LAST', 'record-unreadable'],
    ['trials/LAST/trial.json', 'record-unreadable'],
    ['generations', 'volumes-unreadable'],
    ['generations/1', 'volumes-unreadable'],
    ['generations/1/generation.json', 'volumes-unreadable'],
    ['generations/1/volumes', 'volumes-unreadable'],
    ['generations/1/volumes/data', 'volumes-unreadable'],
    ['generations/1/secrets', 'volumes-unreadable'],
  ])('makes its recipe unknown, and no other: shop/%s', async (place, reason) => {
    const path = join(fleet.state, 'shop', place.replace('LAST', last));
    const blog = UpstreamRepo.open(join(fleet.upstreams, 'blog'));
    await blog.release(`1.0.${++released}+1.0`);
    const outcome = await unchangedBy(() => locked(path, () => pass(fleet)), ['blog']);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason, acted: false });
    expect(row(outcome, 'shop').message).toContain(path);
    expect(row(outcome, 'shop').message).toMatch(/EACCES|permission/);
    expect(row(outcome, 'blog')).toMatchObject({ decision: 'in-sync', acted: true });
    expect(outcome.code).toBe(4);
  });
});

describe('a state folder that', () => {
  beforeEach(async () => {
    fleet = await Fleet.create({ unprivileged: true });
    await fleet.recipe('shop', V1);
    await fleet.recipe('gone', V1);
    await pass(fleet);
  });
  afterEach(() => fleet.dispose());

  it('cannot be listed is an error, not one without records', async () => {
    await fleet.removeManifest('gone');
    for (const [mode, why] of [
      [0o000, 'EACCES'],
      [0o300, 'EACCES'],
    ] as const) {
      const outcome = await unchangedBy(async () => {
        await chmod(fleet.state, mode);
        const ran = await pass(fleet);
        await chmod(fleet.state, 0o755);
        return ran;
      });
      expect(outcome.code).toBe(1);
      expect(String(outcome.json?.error)).toContain(fleet.state);
      expect(String(outcome.json?.error)).toContain(why);
    }
    expect(row(await pass(fleet), 'gone')).toMatchObject({ decision: 'not-enrolled', reason: 'orphaned' });
    await expectInvariants(fleet);
  });

  it('holds a mirror that cannot be read keeps it: the trial fails, and no other mirror is made', async () => {
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release(V2);
    const mirror = join(fleet.state, 'shop', 'mirror.git');
    const outcome = await unchangedBy(() => locked(mirror, () => pass(fleet, ['shop'])), ['shop/trials']);
    expect(outcome.code).toBe(2);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', step: 'sync', promoted: false });
    expect(row(outcome, 'shop').trial?.message).toContain(mirror);
    expect(row(await pass(fleet, ['--retry-failed']), 'shop').decision).toBe('in-sync');
    await expectInvariants(fleet);
  });

  it('holds a secret that cannot be read keeps its generation, and blames no recipe', async () => {
    await fleet.manifest('shop', fleet.storeSpec({ secrets: ['password'] }));
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release(V2);
    await pass(fleet);
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release('1.2.0+1.2');
    const secret = join(fleet.state, 'shop', 'generations', '2', 'secrets', 'password');
    const outcome = await unchangedBy(() => locked(secret, () => pass(fleet, ['shop'])), ['shop']);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', step: 'upgrade', promoted: false });
    expect(row(outcome, 'shop').trial?.message).toContain(secret);
    expect(await fleet.record('shop')).toMatchObject({ version: V2, generation: 2 });
    await expectInvariants(fleet);
  });
});

describe('a manifest folder that', () => {
  beforeEach(async () => {
    fleet = await Fleet.create({ unprivileged: true });
    await fleet.recipe('shop', V1);
    await pass(fleet);
    await UpstreamRepo.open(join(fleet.upstreams, 'shop')).release(V2);
  });
  afterEach(async () => {
    await expectInvariants(fleet);
    await fleet.dispose();
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['vanished', async () => undefined, 'does not exist'],
    ['is a file', () => writeFile(fleet.manifests, ''), 'not a folder'],
    ['is empty', () => mkdir(fleet.manifests), 'no manifest was found'],
    ['may not be read', () => mkdir(fleet.manifests, { mode: 0o000 }), 'permission is denied'],
  ])('%s takes nothing from anybody', async (_, make, why) => {
    await rename(fleet.manifests, `${fleet.manifests}-elsewhere`);
    await make();
    const outcome = await unchangedBy(() => pass(fleet));
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain(why);
    expect((outcome.json?.recipes ?? []).filter(({ acted }) => acted)).toEqual([]);
    await rm(fleet.manifests, { recursive: true, force: true });
    await rename(`${fleet.manifests}-elsewhere`, fleet.manifests);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
  });

  it('is gone keeps nobody from reading what is stored, and everybody from acting', async () => {
    await pass(fleet);
    await rename(fleet.manifests, `${fleet.manifests}.away`);
    for (const command of [['history'], ['logs', 'shop'], ['gc', '--dry-run'], ['status']])
      expect((await fleet.reconcile(command)).code, command.join(' ')).toBe(0);
    const outcome = await unchangedBy(() => fleet.reconcile(['--once', '--json']));
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('cannot read the manifests');
    await rename(`${fleet.manifests}.away`, fleet.manifests);
  });

  it('has a Reconciler document that may no longer be read: its freeze does not end by that', async () => {
    const file = await fleet.reconciler({ freeze: { reason: 'the end of the year' } });
    expect(row(await pass(fleet), 'shop')).toMatchObject({ decision: 'held', reason: 'frozen' });
    await chmod(file, 0o000);
    const outcome = await unchangedBy(() => pass(fleet));
    expect(outcome.code).toBe(1);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'unknown',
      reason: 'config-invalid',
      acted: false,
    });
    expect(String(outcome.json?.error)).toContain('fleet.yaml held the Reconciler document');
    await rm(file);
    expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync' });
  });

  it('has a folder or a file that may not be read keeps what may lie in it enrolled, and serves the others', async () => {
    await fleet.recipe('blog', V1);
    await mkdir(join(fleet.manifests, 'team'));
    await rename(join(fleet.manifests, 'shop.yaml'), join(fleet.manifests, 'team', 'shop.yaml'));
    await fleet.document('team/shop.yaml', { ...(await shopAt('../../upstream/shop')) });
    for (const [released, place] of ['team', 'team/shop.yaml'].entries()) {
      await UpstreamRepo.open(join(fleet.upstreams, 'blog')).release(`1.0.${released + 1}+1.0`);
      const path = join(fleet.manifests, place);
      const outcome = await unchangedBy(() => locked(path, () => pass(fleet)), ['blog']);
      expect(outcome.code).toBe(4);
      expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'manifest-invalid' });
      expect(row(outcome, 'shop').message).toContain(path);
      expect(row(outcome, place).message).toContain('permission is denied');
      expect(row(outcome, 'blog')).toMatchObject({ decision: 'in-sync', acted: true });
    }
  });

  const shopAt = async (upstream: string) => ({
    apiVersion: 'reconcile/v1',
    kind: 'Recipe',
    metadata: { name: 'shop' },
    spec: { ...fleet.storeSpec(), upstream },
  });
});

describe('an upstream that', () => {
  let upstream: UpstreamRepo;

  beforeEach(async () => {
    fleet = await Fleet.create();
    upstream = await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await pass(fleet, ['shop']);
    await upstream.release(V2);
  });
  afterEach(() => fleet.dispose());

  const halves = (body: Buffer): Buffer =>
    body.subarray(0, packetEnds(body).findLast((end) => end < body.length / 2) ?? 0);

  it.each<[string, Tampering]>([
    ['between two refs', { answer: 'refs', spoil: halves, ending: 'well' }],
    [
      'in the middle of a ref',
      { answer: 'refs', spoil: (body) => body.subarray(0, -10), ending: 'broken-off' },
    ],
    ['right before its end', { answer: 'refs', spoil: (body) => body.subarray(0, -4), ending: 'well' }],
    ['before anything', { answer: 'abilities', spoil: () => Buffer.alloc(0), ending: 'chunks-broken-off' }],
  ])('is cut off %s is unknown, and the others are served', async (_, tampering) => {
    const git = await HttpGit.start(fleet.upstreams);
    const proxy = await TamperingProxy.start(git.origin);
    try {
      await fleet.manifest('shop', { ...fleet.storeSpec(), upstream: proxy.url('shop') });
      proxy.tampering = tampering;
      const outcome = await unchangedBy(() => pass(fleet), ['blog']);
      expect(outcome.code).toBe(4);
      expect(row(outcome, 'shop')).toMatchObject({
        decision: 'unknown',
        reason: 'upstream-unreachable',
        acted: false,
      });
      expect(row(outcome, 'shop').message).toContain(proxy.url('shop'));
      expect(row(outcome, 'blog').decision).toBe('in-sync');
      proxy.tampering = null;
      expect(decisions(await pass(fleet))).toEqual({ shop: 'in-sync', blog: 'in-sync' });
      await expectInvariants(fleet);
    } finally {
      await proxy.close();
      await git.close();
    }
  });

  it.each([
    ['that is killed', 'kill -9 $$', 'signal SIGKILL'],
    ['that answers half of a line and ends well', '"$real" "$@" | head -c 150; exit 0', 'cut off'],
    [
      'that answers something else and ends well',
      'echo "everything is fine"; exit 0',
      'line 1 of the answer',
    ],
    ['that cannot be run', 'exit 127', 'exit code 127'],
  ])('is asked by a git %s is unknown', async (_, script, why) => {
    const env = await fakeGit(fleet.folder, `case "$subcommand" in ls-remote) ${script} ;; esac`);
    const outcome = await unchangedBy(() => pass(fleet, ['shop'], { env }));
    expect(outcome.code).toBe(4);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'unknown', reason: 'upstream-unreachable' });
    expect(row(outcome, 'shop').message).toContain(why);
    await expectInvariants(fleet);
  });

  it('shows no tags between the look and the sync loses none of those that were mirrored, here or elsewhere', async () => {
    const mirror = await UpstreamRepo.create(join(fleet.folder, 'mirror'));
    await mirror.git('config', 'core.bare', 'true');
    await fleet.manifest('shop', { ...fleet.storeSpec(), mirror: { url: '../mirror' } });
    const refsOf = (repo: UpstreamRepo) => repo.git('for-each-ref', '--format=%(objectname) %(refname)');
    expect(decisions(await pass(fleet, ['shop']))).toMatchObject({ shop: 'in-sync' });
    await upstream.release('1.2.0+1.2');
    const local = UpstreamRepo.open(join(fleet.state, 'shop', 'mirror.git'));
    const [here, there] = [await refsOf(local), await refsOf(mirror)];
    expect(there).toContain(`refs/tags/${V2}`);
    const env = await fakeGit(
      fleet.folder,
      'if [ "$subcommand" = ls-remote ] && [ "$calls" -gt 0 ]; then "$real" "$@" | grep HEAD; exit 0; fi',
    );
    const outcome = await unchangedBy(() => pass(fleet, ['shop'], { env }), ['shop/trials']);
    expect(outcome.code).toBe(2);
    expect(row(outcome, 'shop').trial).toMatchObject({ verdict: 'infra', step: 'sync', promoted: false });
    expect(row(outcome, 'shop').trial?.message).toContain('shows no tags at all');
    expect([await refsOf(local), await refsOf(mirror)]).toEqual([here, there]);
    await expectInvariants(fleet);
  });
});
