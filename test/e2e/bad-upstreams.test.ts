/** Upstreams that are not there, not git, or not what they were. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  await fleet.dispose();
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

  it.each(['version-0', 'plain-files', 'redirect'] as const)(
    'a server that is old, simple, or elsewhere by now (%s) is tested from all the same, release after release',
    async (mode) => {
      const upstream = await fleet.recipe('shop', V1);
      const server = await HttpGit.start(fleet.upstreams);
      server.mode = mode;
      const path = { 'version-0': 'shop', 'plain-files': 'shop/.git', redirect: 'moved/shop' }[mode];
      try {
        await fleet.manifest('shop', { ...fleet.storeSpec(), upstream: server.url(path) });
        for (const version of [V1, V2]) {
          if (version === V2) await upstream.release(V2);
          await upstream.git('update-server-info');
          const outcome = await pass(fleet);
          expect(row(outcome, 'shop')).toMatchObject({ decision: 'in-sync', canonical: { version } });
        }
        await expectInvariants(fleet);
      } finally {
        await server.close();
      }
    },
  );

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
