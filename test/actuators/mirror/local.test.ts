/** Mirrors with real git: equal to upstream, tested from, and keeping what a record names. */
import { lstat, readdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { upstreamFrom } from '../../../src/desired/upstream.ts';
import { gitLister } from '../../../src/remotes/git-lister.ts';
import { Fenced } from '../../../src/reconciler/errors.ts';
import type { Manifest } from '../../../src/reconciler/model.ts';
import type { MirrorPort, Work } from '../../../src/reconciler/ports.ts';
import { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { manifest } from '../../reconciler/world.ts';
import { MirrorBench, namesIn, refsIn } from './harness.ts';

let bench: MirrorBench;
let upstream: UpstreamRepo;
let mirror: MirrorPort;
let work: Work;

beforeEach(async () => {
  bench = await MirrorBench.open();
  ({ upstream, port: mirror, work } = bench);
});

afterEach(() => bench.close());

const wanted = (over: Partial<Manifest> = {}) => bench.alone({ upstream: upstream.folder, ...over });

describe('once the lease was taken over', () => {
  it('no git is started in a mirror any more', async () => {
    await upstream.commit({ a: '1' });
    await upstream.tag('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const before = await refsIn(bench.local);
    const commit = await upstream.commit({ a: '2' });
    await upstream.tag('1.1.0+1');
    await rename(bench.term, `${bench.term}-ended`);
    await expect(mirror.sync({ manifest: wanted(), named: [] }, work)).rejects.toThrow(Fenced);
    await expect(mirror.retain('app', [commit], work)).rejects.toThrow(Fenced);
    expect(await refsIn(bench.local)).toEqual(before);
  });
});

describe('asking upstream', () => {
  const ask = (url: string) =>
    upstreamFrom(gitLister({ mark: 'mark', timeoutMs: 10_000 })).refs(manifest({ upstream: url }), {
      signal: new AbortController().signal,
      concurrency: 1,
    });

  it('finds annotated, lightweight and nested tags at their peeled commits, over every transport', async () => {
    const one = await upstream.commit({ a: '1' });
    await upstream.tag('1.0.0+1');
    const two = await upstream.commit({ a: '2' });
    await upstream.tag('1.1.0+1', { message: 'annotated' });
    await upstream.tag('1.2.0+1', { message: 'a tag of a tag', at: '1.1.0+1' });
    const objectOf = async (name: string) => await upstream.git('rev-parse', `refs/tags/${name}`);
    for (const url of [upstream.folder, `file://${upstream.folder}`, bench.server.url('upstream')]) {
      const refs = await ask(url);
      expect(refs.readable && refs.value.branch).toEqual({ name: 'main', commit: two });
      const tags = refs.readable ? refs.value.tags.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : [];
      expect(tags).toEqual([
        { name: '1.0.0+1', commit: one, object: one },
        { name: '1.1.0+1', commit: two, object: await objectOf('1.1.0+1') },
        { name: '1.2.0+1', commit: two, object: await objectOf('1.2.0+1') },
      ]);
    }
  });

  it('is not misled by branches and other refs that look like tags', async () => {
    await upstream.commit({ a: '1' });
    await upstream.git('branch', 'refs/tags/9.9.9+9');
    await upstream.git('branch', '9.9.8+9');
    expect(await ask(upstream.folder)).toMatchObject({ readable: true, value: { tags: [] } });
  });

  it.each([
    ['ext::sh -c "touch $PWNED"', 'ext'],
    ['fd::17', 'fd'],
    ['--upload-pack=touch $PWNED', 'upload-pack'],
  ])('runs nothing for %s', async (url) => {
    const pwned = join(bench.root, 'pwned');
    expect(await ask(url.replace('$PWNED', pwned))).toMatchObject({ readable: false });
    await expect(stat(pwned)).rejects.toThrow('ENOENT');
  });

  it('tells no password that a URL holds', async () => {
    const answer = await ask('http://me:hush@127.0.0.1:9/x.git');
    expect(answer).toMatchObject({ readable: false });
    expect(JSON.stringify(answer)).not.toContain('hush');
  });
});

describe('a sync', () => {
  it('makes branch and tags equal, follows what upstream rewrote, and does nothing where nothing is to do', async () => {
    await upstream.commit({ first: '1' });
    await upstream.release('1.0.0+1');
    await upstream.tag('latest');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
    await upstream.git('commit', '--amend', '--message', 'rewritten');
    await upstream.moveTag('latest');
    await upstream.deleteTag('1.0.0+1');
    await upstream.tag('2.0.0+2', { message: 'new' });
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
    bench.notes.length = 0;
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(bench.notes).toEqual([`the local mirror already has all of upstream ${upstream.folder}`]);
  });

  it('lets go of no tag where upstream suddenly shows none at all', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const before = await refsIn(bench.local);
    await upstream.deleteTag('1.0.0+1');
    await expect(mirror.sync({ manifest: wanted(), named: [] }, work)).rejects.toMatchObject({
      verdict: 'infra',
      reason: 'tags-vanished',
      message: expect.stringContaining(upstream.folder),
    });
    expect(await refsIn(bench.local)).toEqual(before);
  });

  it('of an upstream that is gone fails as infra, and loses nothing of what was mirrored', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const before = await refsIn(bench.local);
    const gone = wanted({ upstream: join(bench.root, 'gone') });
    await expect(mirror.sync({ manifest: gone, named: [] }, work)).rejects.toMatchObject({
      verdict: 'infra',
      reason: 'upstream-sync-failed',
      message: expect.stringContaining(`could not list the refs of upstream ${gone.upstream}`),
    });
    expect(await refsIn(bench.local)).toEqual(before);
  });

  it('of a branch that upstream does not have fails, and names it', async () => {
    await upstream.release('1.0.0+1');
    await expect(
      mirror.sync({ manifest: wanted({ branch: 'stable' }), named: [] }, work),
    ).rejects.toMatchObject({
      verdict: 'infra',
      message: expect.stringContaining('stable'),
    });
  });

  it('of an upstream whose HEAD is detached mirrors its tags', async () => {
    await upstream.release('1.0.0+1');
    await upstream.git('checkout', '--quiet', '--detach');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await namesIn(bench.local)).toEqual(['refs/tags/1.0.0+1']);
  });

  it('follows a default branch that was renamed, also below its old name', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    await upstream.git('branch', '--move', 'main', 'other');
    await upstream.git('branch', '--move', 'other', 'main/v2');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
  });

  it('reports a branch that lost commits, tags that moved and tags that vanished; and not what only grew', async () => {
    await upstream.release('1.0.0+1');
    await upstream.release('1.1.0+1');
    await upstream.tag('latest');
    expect((await mirror.sync({ manifest: wanted(), named: [] }, work)).rewrites).toEqual([]);
    await upstream.release('1.2.0+1');
    expect((await mirror.sync({ manifest: wanted(), named: [] }, work)).rewrites).toEqual([]);
    const objectOf = async (ref: string) => await upstream.git('rev-parse', ref);
    const [oldTip, oldLatest, vanished] = [
      await objectOf('main'),
      await objectOf('latest'),
      await objectOf('1.0.0+1'),
    ];
    await upstream.git('commit', '--quiet', '--amend', '--message', 'rewritten');
    await upstream.moveTag('latest');
    await upstream.deleteTag('1.0.0+1');
    const { rewrites } = await mirror.sync({ manifest: wanted(), named: [] }, work);
    const tip = await upstream.head();
    expect(rewrites.toSorted((a, b) => (a.ref < b.ref ? -1 : 1))).toEqual([
      { ref: 'refs/heads/main', from: oldTip, to: tip },
      { ref: 'refs/tags/1.0.0+1', from: vanished, to: null },
      { ref: 'refs/tags/latest', from: oldLatest, to: tip },
    ]);
    expect(bench.notes).toEqual(
      expect.arrayContaining([
        `upstream rewrote refs/heads/main: ${oldTip} is no part of ${tip}`,
        `upstream has refs/tags/1.0.0+1 no more; it was ${vanished}`,
        `upstream moved refs/tags/latest from ${oldLatest} to ${tip}`,
      ]),
    );
  });

  it('keeps a vanished tag as it was while the record stands on it, and then lets go of it', async () => {
    await upstream.release('1.0.0+1');
    await upstream.release('1.1.0+1');
    await upstream.tag('old');
    await mirror.sync({ manifest: wanted(), named: ['1.0.0+1'] }, work);
    const before = await refsIn(bench.local);
    await upstream.deleteTag('1.0.0+1');
    await upstream.deleteTag('old');
    const { rewrites } = await mirror.sync({ manifest: wanted(), named: ['1.0.0+1', '0.9.0+1'] }, work);
    expect(rewrites.map(({ ref, to }) => [ref, to])).toEqual([
      ['refs/tags/1.0.0+1', null],
      ['refs/tags/old', null],
    ]);
    expect(await refsIn(bench.local)).toEqual(before.filter((line) => !line.endsWith('/old')));
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
  });

  it('follows a tag that moved though the record stands on it', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: ['1.0.0+1'] }, work);
    await upstream.commit({ moved: '1' });
    await upstream.moveTag('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: ['1.0.0+1'] }, work);
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
  });

  it('does not call a renamed branch rewritten, unless it lost commits on the way', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    await upstream.git('branch', '--move', 'main', 'trunk');
    expect((await mirror.sync({ manifest: wanted(), named: [] }, work)).rewrites).toEqual([]);
    const from = await upstream.head();
    await upstream.git('commit', '--quiet', '--amend', '--message', 'rewritten');
    await upstream.git('branch', '--move', 'trunk', 'main');
    expect((await mirror.sync({ manifest: wanted(), named: [] }, work)).rewrites).toEqual([
      { ref: 'refs/heads/trunk', from, to: null },
    ]);
  });

  it.each(['version-0', 'plain-files'] as const)('takes the same from a server that is %s', async (mode) => {
    await upstream.release('1.0.0+1');
    await upstream.commit({ more: '1' });
    await upstream.git('update-server-info');
    bench.server.mode = mode;
    await bench.sync(bench.alone({ upstream: bench.server.url('upstream/.git') }));
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
    await bench.local.git('fsck', '--connectivity-only');
  });

  it('asks upstream for nothing but a listing where nothing changed', async () => {
    await upstream.release('1.0.0+1');
    await bench.sync(bench.alone());
    bench.server.requests.clear();
    await bench.sync(bench.alone());
    expect([...bench.server.requests]).toEqual([
      ['/upstream/info/refs', 1],
      ['/upstream/git-upload-pack', 1],
    ]);
  });
});

describe('a checkout', () => {
  it("is the commit's own tree, and nothing in it is run", async () => {
    const files = { '.gitattributes': '* filter=evil\n', 'hooks/post-checkout': '#!/bin/sh\ntouch pwned\n' };
    const commit = await upstream.release('1.0.0+1', {}, { files });
    await upstream.commit({ later: '1' });
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const folder = join(bench.root, 'checkout');
    await mirror.checkout('app', commit, folder, work);
    expect((await readdir(folder)).toSorted()).toEqual([
      '.git',
      '.gitattributes',
      'VERSION',
      'app.mjs',
      'behaviour.json',
      'hooks',
    ]);
    expect(await readFile(join(folder, 'VERSION'), 'utf8')).toBe('1.0.0+1\n');
    expect(await UpstreamRepo.open(folder).head()).toBe(commit);
  });

  it('of a commit that is not in the mirror is infra', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const missing = mirror.checkout(
      'app',
      'df2e27339f983a25da548fc8b8d56e9af8645f83',
      join(bench.root, 'checkout'),
      work,
    );
    await expect(missing).rejects.toMatchObject({ verdict: 'infra' });
  });

  it('keeps links as links', async () => {
    await upstream.commit({ a: '1' });
    await symlink('/etc/passwd', join(upstream.folder, 'link'));
    await upstream.git('add', 'link');
    await upstream.git('commit', '--quiet', '--message', 'a link');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    await mirror.checkout('app', await upstream.head(), join(bench.root, 'checkout'), work);
    expect((await lstat(join(bench.root, 'checkout', 'link'))).isSymbolicLink()).toBe(true);
  });
});

describe('what is kept', () => {
  it('stays reachable when upstream lets go of it, for exactly as long as it is kept', async () => {
    await upstream.commit({ first: '1' });
    await upstream.tag('first');
    const old = await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    await mirror.retain('app', [old], work);
    await upstream.git('checkout', '--quiet', '--orphan', 'fresh');
    const fresh = await upstream.commit({ b: '2' });
    await upstream.git('branch', '--force', 'main', fresh);
    await upstream.git('checkout', '--quiet', 'main');
    await upstream.tag('2.0.0+1');
    await upstream.deleteTag('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    await bench.local.git('gc', '--quiet', '--prune=now');
    await mirror.checkout('app', old, join(bench.root, 'old'), work);
    await mirror.retain('app', [fresh], work);
    const kept = await bench.local.git('for-each-ref', '--format=%(objectname)', 'refs/reconcile');
    expect(kept.split('\n').toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      [old, fresh].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    await mirror.letGo('app', [fresh], work);
    expect(await bench.local.git('for-each-ref', '--format=%(objectname)', 'refs/reconcile')).toBe(fresh);
  });
});
