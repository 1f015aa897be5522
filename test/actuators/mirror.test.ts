/** Mirrors with real git: equal to upstream, tested from, and keeping what a record names. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitMirror } from '../../src/actuators/mirror.ts';
import { upstreamFrom } from '../../src/desired/upstream.ts';
import { gitLister } from '../../src/remotes/git-lister.ts';
import { Fenced } from '../../src/reconciler/errors.ts';
import type { MirrorPort, Work } from '../../src/reconciler/ports.ts';
import { Layout } from '../../src/state/layout.ts';
import { Term } from '../../src/state/term.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { manifest } from '../reconciler/world.ts';

let root: string;
let upstream: UpstreamRepo;
let mirror: MirrorPort;
let notes: string[];
let work: Work;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mirror-'));
  upstream = await UpstreamRepo.create(join(root, 'upstream', 'app'));
  await mkdir(join(root, 'state', 'term'), { recursive: true });
  const term = new Term('term', join(root, 'state', 'term'), 'mark');
  mirror = gitMirror({ layout: new Layout(join(root, 'state')), term, timeoutMs: 20_000 });
  notes = [];
  const log = {
    note: (text: string) => void notes.push(text),
    output: () => undefined,
    conceal: () => undefined,
  };
  work = { signal: new AbortController().signal, log, mark: 'mark' };
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const wanted = (over: Parameters<typeof manifest>[0] = {}) =>
  manifest({ upstream: upstream.folder, ...over });
const local = () => UpstreamRepo.open(join(root, 'state', 'app', 'mirror.git'));
const refsIn = async (repo: UpstreamRepo) =>
  (await repo.git('for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads', 'refs/tags')).split(
    '\n',
  );

describe('once the lease was taken over', () => {
  it('no git is started in a mirror any more', async () => {
    await upstream.commit({ a: '1' });
    await upstream.tag('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const before = await refsIn(local());
    const commit = await upstream.commit({ a: '2' });
    await upstream.tag('1.1.0+1');
    await rename(join(root, 'state', 'term'), join(root, 'state', 'ended'));
    await expect(mirror.sync({ manifest: wanted(), named: [] }, work)).rejects.toThrow(Fenced);
    await expect(mirror.retain('app', [commit], work)).rejects.toThrow(Fenced);
    expect(await refsIn(local())).toEqual(before);
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
    const server = await HttpGit.start(join(root, 'upstream'));
    try {
      for (const url of [upstream.folder, `file://${upstream.folder}`, server.url('app')]) {
        const refs = await ask(url);
        expect(refs.readable && refs.value.branch).toEqual({ name: 'main', commit: two });
        const tags = refs.readable ? refs.value.tags.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : [];
        expect(tags).toEqual([
          { name: '1.0.0+1', commit: one, object: one },
          { name: '1.1.0+1', commit: two, object: await objectOf('1.1.0+1') },
          { name: '1.2.0+1', commit: two, object: await objectOf('1.2.0+1') },
        ]);
      }
    } finally {
      await server.close();
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
    const pwned = join(root, 'pwned');
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
    await upstream.release('1.0.0+1');
    await upstream.tag('latest');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await refsIn(local())).toEqual(await refsIn(upstream));
    await upstream.git('commit', '--amend', '--message', 'rewritten');
    await upstream.moveTag('latest');
    await upstream.deleteTag('1.0.0+1');
    await upstream.tag('2.0.0+2', { message: 'new' });
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await refsIn(local())).toEqual(await refsIn(upstream));
    notes.length = 0;
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(notes).toEqual([`the local mirror already equals ${upstream.folder}`]);
  });

  it('lets go of no tag where upstream suddenly shows none at all', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const before = await refsIn(local());
    await upstream.deleteTag('1.0.0+1');
    await expect(mirror.sync({ manifest: wanted(), named: [] }, work)).rejects.toMatchObject({
      verdict: 'infra',
      reason: 'tags-vanished',
      message: expect.stringContaining(upstream.folder),
    });
    expect(await refsIn(local())).toEqual(before);
  });

  it('of an upstream that is gone fails as infra, and loses nothing of what was mirrored', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const before = await refsIn(local());
    const gone = wanted({ upstream: join(root, 'gone') });
    await expect(mirror.sync({ manifest: gone, named: [] }, work)).rejects.toMatchObject({
      verdict: 'infra',
      message: expect.stringContaining('gone'),
    });
    expect(await refsIn(local())).toEqual(before);
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
    expect((await refsIn(local())).map((ref) => ref.split(' ')[1])).toEqual(['refs/tags/1.0.0+1']);
  });

  it('follows a default branch that was renamed, also below its old name', async () => {
    await upstream.release('1.0.0+1');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    await upstream.git('branch', '--move', 'main', 'other');
    await upstream.git('branch', '--move', 'other', 'main/v2');
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    expect(await refsIn(local())).toEqual(await refsIn(upstream));
  });

  it('makes the remote mirror equal too, and leaves branches and tags that belong to people alone', async () => {
    await upstream.release('1.0.0+1');
    const remote = await UpstreamRepo.create(join(root, 'remote'));
    await remote.commit({ theirs: '1' });
    await remote.git('branch', 'pull-request');
    await remote.tag('theirs');
    await remote.git('checkout', '--quiet', '--detach');
    const mine = wanted({ mirror: { url: remote.folder, login: null, forge: null } });
    await mirror.sync({ manifest: mine, named: [] }, work);
    const refs = await refsIn(remote);
    expect(refs).toEqual(expect.arrayContaining(await refsIn(upstream)));
    expect(refs.map((ref) => ref.split(' ')[1])).toEqual([
      'refs/heads/main',
      'refs/heads/pull-request',
      'refs/tags/1.0.0+1',
      'refs/tags/theirs',
    ]);
    notes.length = 0;
    await mirror.sync({ manifest: mine, named: [] }, work);
    expect(notes).toContain(`the mirror ${remote.folder} already equals upstream`);
  });

  it('to a remote mirror that refuses is infra: a stale mirror is never tested', async () => {
    await upstream.release('1.0.0+1');
    const mine = wanted({ mirror: { url: join(root, 'nowhere'), login: null, forge: null } });
    await expect(mirror.sync({ manifest: mine, named: [] }, work)).rejects.toMatchObject({
      verdict: 'infra',
    });
  });
});

describe('a checkout', () => {
  it("is the commit's own tree, and nothing in it is run", async () => {
    const files = { '.gitattributes': '* filter=evil\n', 'hooks/post-checkout': '#!/bin/sh\ntouch pwned\n' };
    const commit = await upstream.release('1.0.0+1', {}, { files });
    await upstream.commit({ later: '1' });
    await mirror.sync({ manifest: wanted(), named: [] }, work);
    const folder = join(root, 'checkout');
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
      join(root, 'checkout'),
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
    await mirror.checkout('app', await upstream.head(), join(root, 'checkout'), work);
    expect(
      (await (await import('node:fs/promises')).lstat(join(root, 'checkout', 'link'))).isSymbolicLink(),
    ).toBe(true);
  });
});

describe('what is kept', () => {
  it('stays reachable when upstream lets go of it, for exactly as long as it is kept', async () => {
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
    await local().git('gc', '--quiet', '--prune=now');
    await mirror.checkout('app', old, join(root, 'old'), work);
    await mirror.retain('app', [fresh], work);
    const kept = await local().git('for-each-ref', '--format=%(objectname)', 'refs/reconcile');
    expect(kept.split('\n').toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      [old, fresh].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    await mirror.letGo('app', [fresh], work);
    expect(await local().git('for-each-ref', '--format=%(objectname)', 'refs/reconcile')).toBe(fresh);
    await writeFile(join(root, 'done'), '');
  });
});
