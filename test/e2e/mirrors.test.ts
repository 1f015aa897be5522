/** The team's own mirror of a recipe: kept equal to upstream, with or without a trial, and seen where it is not. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeGit } from '../fixtures/fake-commands.ts';
import { Fleet } from '../fixtures/fleet.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, plan, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;
let mirrors: HttpGit;
let upstream: UpstreamRepo;
let mirror: UpstreamRepo;

beforeEach(async () => {
  fleet = await Fleet.create();
  const root = join(fleet.folder, 'mirrors');
  await mkdir(root);
  mirrors = await HttpGit.start(root);
  mirrors.writable = true;
  mirror = await UpstreamRepo.create(join(root, 'shop.git'));
  await mirror.git('config', 'core.bare', 'true');
  upstream = await fleet.recipe('shop', V1, { mirror: { url: mirrors.url('shop.git/.git') } });
});

afterEach(async () => {
  await mirrors.close();
  await fleet.dispose();
});

const refsIn = async (repo: UpstreamRepo) =>
  (await repo.git('for-each-ref', '--format=%(objectname) %(refname)'))
    .split('\n')
    .filter((line) => line !== '');
const pushes = () => mirrors.requests.get('/shop.git/.git/git-receive-pack') ?? 0;

/** What git was started for, one line for each. */
async function watchedGit(): Promise<{ env: { PATH: string }; started: () => Promise<string[]> }> {
  const log = join(fleet.folder, 'git.log');
  const env = await fakeGit(fleet.folder, `echo "$subcommand" >> '${log}'`);
  return {
    env,
    started: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean),
  };
}

describe('a remote mirror', () => {
  it('is made equal before the release is tested, and after that nothing is fetched or pushed', async () => {
    const before = await pass(fleet);
    expect(decisions(before)).toEqual({ shop: 'in-sync' });
    expect(row(before, 'shop')['mirror']).toMatchObject({ state: 'equal', due: false });
    expect(await refsIn(mirror)).toEqual(await refsIn(upstream));
    const count = pushes();
    const { env, started } = await watchedGit();
    const again = await pass(fleet, [], { env });
    expect(again.code).toBe(0);
    expect(row(again, 'shop')['mirror']).toMatchObject({ state: 'equal', due: false });
    expect(pushes()).toBe(count);
    expect((await started()).filter((subcommand) => ['fetch', 'push', 'clone'].includes(subcommand))).toEqual(
      [],
    );
    await expectInvariants(fleet);
  });

  it('follows upstream where no trial is due: planned, done, and then a no-op', async () => {
    await pass(fleet);
    const trials = (await fleet.reconcile(['history', '--json'])).stdout;
    await upstream.commit({ more: 'words' }, 'A change without a release');
    await upstream.tag('not-a-release');
    const planned = await plan(fleet);
    expect(planned.code).toBe(2);
    expect(row(planned, 'shop')).toMatchObject({
      decision: 'in-sync',
      mirror: { state: 'differs', due: true },
    });
    expect(await refsIn(mirror)).not.toEqual(await refsIn(upstream));
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(row(outcome, 'shop')).toMatchObject({ acted: false, mirror: { state: 'equal', due: false } });
    expect(await refsIn(mirror)).toEqual(await refsIn(upstream));
    expect((await fleet.reconcile(['history', '--json'])).stdout).toBe(trials);
    const count = pushes();
    expect((await pass(fleet)).code).toBe(0);
    expect(pushes()).toBe(count);
    await expectInvariants(fleet);
  });

  it('that somebody changed is mended, and what is people’s own is left alone and said once', async () => {
    await pass(fleet);
    await mirror.git('tag', '--delete', V1);
    const own = await mirror.git('commit-tree', '-m', 'ours', 'HEAD^{tree}');
    await mirror.git('update-ref', 'refs/heads/ours', own);
    await mirror.git('update-ref', 'refs/pull/1/head', own);
    await mirror.git('tag', 'ours-1', own);
    const theirs = (await refsIn(mirror)).filter((line) => line.includes(own));
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(row(outcome, 'shop')['notes']).toEqual([
      'tags of the mirror that upstream does not have, left alone: ours-1',
    ]);
    expect(await refsIn(mirror)).toEqual([...(await refsIn(upstream)), ...theirs].toSorted(byName));
    const again = await pass(fleet);
    expect(again.code).toBe(0);
    expect(row(again, 'shop')['notes']).toEqual([]);
    expect((await fleet.reconcile(['explain', 'shop'])).stdout).toContain("people's own  ours-1");
    await expectInvariants(fleet);
  });

  it('of a recipe that is suspended is left as it is', async () => {
    await pass(fleet);
    await upstream.commit({ more: 'words' });
    const before = await refsIn(mirror);
    const suspend = { reason: 'migration' };
    await fleet.manifest('shop', {
      ...fleet.storeSpec(),
      mirror: { url: mirrors.url('shop.git/.git') },
      suspend,
    });
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    expect(row(outcome, 'shop')['mirror']).toMatchObject({ state: 'differs', due: false });
    expect(await refsIn(mirror)).toEqual(before);
  });
});

describe('a remote mirror that fails', () => {
  it('ends the trial before anything is deployed, and status says which side it was', async () => {
    mirrors.writable = false;
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'held',
      trial: { verdict: 'infra', step: 'sync' },
      mirror: { state: 'failing', due: true },
    });
    expect(row(outcome, 'shop').trial?.message).toContain(mirrors.url('shop.git/.git'));
    expect(row(outcome, 'shop').trial?.message).toMatch(/push/);
    expect(await fleet.starts()).toEqual([]);
    const status = await fleet.reconcile(['status']);
    expect(status.stdout).toMatch(/mirror of shop: failing: .*push/);
    mirrors.writable = true;
    expect(decisions(await pass(fleet, ['--retry-failed']))).toEqual({ shop: 'in-sync' });
    await expectInvariants(fleet);
  });

  it('is no success, though the recipe itself is in sync; since when is remembered', async () => {
    await pass(fleet);
    await upstream.commit({ more: 'words' });
    mirrors.writable = false;
    const first = await pass(fleet);
    expect(first.code).toBe(2);
    expect(row(first, 'shop')).toMatchObject({
      decision: 'in-sync',
      mirror: { state: 'failing', reason: 'mirror-refused', due: true },
    });
    const since = (row(first, 'shop')['mirror'] as { failingSince: string }).failingSince;
    expect(since).not.toBeNull();
    const second = await pass(fleet);
    expect(second.code).toBe(2);
    expect(row(second, 'shop')).toMatchObject({ mirror: { failingSince: since } });
    mirrors.mode = 'refuse';
    expect(row(await plan(fleet), 'shop')).toMatchObject({ mirror: { state: 'unreadable', due: true } });
    const { env, started } = await watchedGit();
    const unread = await pass(fleet, [], { env });
    expect(unread.code).toBe(2);
    expect(row(unread, 'shop')).toMatchObject({ mirror: { state: 'unreadable', failingSince: since } });
    // What could not be listed just now is not waited for once more.
    expect(await started()).not.toContain('push');
    expect((await fleet.reconcile(['explain', 'shop'])).stdout).toMatch(/Its mirror is to be made equal/);
    Object.assign(mirrors, { mode: 'serve', writable: true });
    const mended = await pass(fleet);
    expect(mended.code).toBe(0);
    expect(row(mended, 'shop')).toMatchObject({ mirror: { state: 'equal', failingSince: null } });
    await expectInvariants(fleet);
  });
});

describe('a branch that the manifest names', () => {
  it('and that upstream has no more is told, and nothing is pushed in its place', async () => {
    await upstream.git('branch', 'stable');
    const spec = { ...fleet.storeSpec(), branch: 'stable', mirror: { url: mirrors.url('shop.git/.git') } };
    await fleet.manifest('shop', spec);
    await pass(fleet);
    await upstream.git('branch', '--delete', '--force', 'stable');
    const before = await refsIn(mirror);
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(2);
    expect(row(outcome, 'shop')).toMatchObject({
      decision: 'in-sync',
      mirror: { state: 'failing', reason: 'branch-missing', due: true },
    });
    expect(await refsIn(mirror)).toEqual(before);
  });
});

describe('what upstream rewrote', () => {
  it('is mirrored and reported: a forced branch, a moved tag, a tag that is gone', async () => {
    await upstream.commit({ more: 'words' });
    await upstream.tag('moving');
    await upstream.tag('0.9.0+1');
    await pass(fleet);
    expect(await refsIn(mirror)).toEqual(await refsIn(upstream));
    await upstream.git('reset', '--quiet', '--hard', 'HEAD~1');
    await upstream.commit({ other: 'words' });
    await upstream.moveTag('moving');
    await upstream.deleteTag('0.9.0+1');
    const outcome = await pass(fleet);
    expect(outcome.code).toBe(0);
    const notes = (row(outcome, 'shop')['notes'] as string[]).join('\n');
    expect(notes).toMatch(/rewrote refs\/heads\/main from [0-9a-f]{40} to [0-9a-f]{40}/);
    expect(notes).toMatch(/rewrote refs\/tags\/moving from/);
    expect(notes).toMatch(/withdrew refs\/tags\/0\.9\.0\+1/);
    expect(await refsIn(mirror)).toEqual(await refsIn(upstream));
    const { stdout } = await fleet.reconcile(['explain', 'shop']);
    expect(stdout).toMatch(/refs\/tags\/0\.9\.0\+1: [0-9a-f]{40} -> withdrawn/);
    await expectInvariants(fleet);
  });

  it('a withdrawn release that the record names stays in the local mirror, and the audit still holds', async () => {
    await upstream.release(V2);
    await pass(fleet);
    const commit = await upstream.commitOf(V2);
    await upstream.deleteTag(V2);
    await upstream.commit({ more: 'words' });
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'held', reason: 'release-withdrawn' });
    expect(row(outcome, 'shop').message).toMatch(
      new RegExp(`${commit} \\(first seen .*Z\\), is gone upstream`),
    );
    const local = UpstreamRepo.open(join(fleet.state, 'shop', 'mirror.git'));
    expect(await local.commitOf(V2)).toBe(commit);
    expect((await refsIn(mirror)).filter((line) => line.endsWith(V2))).toEqual([]);
    await fleet.reconcile(['accept', 'shop']);
    expect(row(await pass(fleet), 'shop')).toMatchObject({ decision: 'in-sync', canonical: { version: V1 } });
    await upstream.commit({ even: 'more words' });
    await pass(fleet);
    // The new record names nothing that was made of it.
    expect(await local.git('tag', '--list', V2)).toBe('');
    await expectInvariants(fleet, { rewritten: ['shop'] });
  });
});

function byName(one: string, other: string): number {
  const [a, b] = [one.slice(41), other.slice(41)];
  return a < b ? -1 : a > b ? 1 : 0;
}
