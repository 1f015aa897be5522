/** The team's own mirror behind a real git server: what is pushed there, what never is, and what a refusal says. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { MirrorBench, namesIn, refsIn } from './harness.ts';

let bench: MirrorBench;
let upstream: UpstreamRepo;
let team: UpstreamRepo;

beforeEach(async () => {
  bench = await MirrorBench.open();
  ({ upstream, team } = bench);
  await upstream.release('1.0.0+1');
});

afterEach(() => bench.close());

const objectOf = async (ref: string, repo = upstream) => await repo.git('rev-parse', ref);
/** How often anything was pushed, or fetched, since the count was last reset. */
const transfers = () => ({
  pushes: bench.server.requests.get('/team/git-receive-pack') ?? 0,
  fetches: bench.server.requests.get('/team/git-upload-pack') ?? 0,
});

async function hook(name: string, script: string): Promise<void> {
  await mkdir(join(team.folder, 'hooks'), { recursive: true });
  await writeFile(join(team.folder, 'hooks', name), `#!/bin/sh\n${script}\n`);
  await chmod(join(team.folder, 'hooks', name), 0o755);
}

/** A clone of the team's, in which people work. */
async function theirCommit(branch: string, at = 'main'): Promise<string> {
  const tree = await team.git('rev-parse', `${at}^{tree}`);
  const commit = await team.git('commit-tree', tree, '-p', at, '-m', 'theirs');
  await team.git('update-ref', `refs/heads/${branch}`, commit);
  return commit;
}

describe('an empty mirror', () => {
  it('gets the branch and all tags of upstream, and nothing else', async () => {
    await upstream.tag('latest');
    await upstream.git('branch', 'wip');
    await bench.port.sync({ manifest: bench.alone(), named: [] }, bench.work);
    await bench.port.retain('app', [await upstream.head()], bench.work);
    await bench.sync();
    expect(await namesIn(team)).toEqual(['refs/heads/main', 'refs/tags/1.0.0+1', 'refs/tags/latest']);
    expect(await refsIn(team)).toEqual(await refsIn(bench.local));
    expect(await team.git('for-each-ref', 'refs/reconcile')).toBe('');
    expect(bench.notes).toContain(`pushed 3 branches and tags to the mirror ${bench.server.url('team')}`);
  });
});

describe('a mirror that is in line', () => {
  it('is listed, and neither pushed to nor fetched from', async () => {
    await bench.sync();
    const before = await refsIn(team);
    bench.server.requests.clear();
    const report = await bench.sync();
    expect([...bench.server.requests]).toEqual([
      ['/upstream/info/refs', 1],
      ['/upstream/git-upload-pack', 1],
      ['/team/info/refs', 1],
      ['/team/git-upload-pack', 1],
    ]);
    expect(report).toEqual({ rewrites: [], foreignTags: [], closed: [], pullRequests: null });
    expect(await refsIn(team)).toEqual(before);
  });

  it('gets only what is new', async () => {
    await bench.sync();
    await hook('pre-receive', 'cat >> pushed');
    await upstream.release('1.1.0+1');
    await bench.sync();
    const pushed = await team.git('show', '--no-patch', '--format=%H', 'main');
    expect(pushed).toBe(await upstream.head());
    const commands = (await readFile(join(team.folder, 'pushed'), 'utf8')).trim().split('\n');
    expect(new Set(commands.map((line) => line.split(' ')[2]))).toEqual(
      new Set(['refs/heads/main', 'refs/tags/1.1.0+1']),
    );
  });
});

describe('what belongs to people', () => {
  it('stays: branches, pull requests, tags of their own, and the branch that upstream renamed', async () => {
    await bench.sync();
    await theirCommit('feature');
    await team.git('update-ref', 'refs/pull/1/head', 'feature');
    await team.git('tag', 'theirs', 'feature');
    await team.git('tag', 'theirs-too', 'main');
    const before = await refsIn(team);
    await upstream.git('branch', '--move', 'main', 'trunk');
    await upstream.release('1.1.0+1');
    expect((await bench.sync()).foreignTags).toEqual(['theirs', 'theirs-too']);
    expect(await refsIn(team)).toEqual(expect.arrayContaining(before));
    expect(await namesIn(team)).toEqual([
      'refs/heads/feature',
      'refs/heads/main',
      'refs/heads/trunk',
      'refs/pull/1/head',
      'refs/tags/1.0.0+1',
      'refs/tags/1.1.0+1',
      'refs/tags/theirs',
      'refs/tags/theirs-too',
    ]);
    expect((await bench.sync()).foreignTags).toEqual(['theirs', 'theirs-too']);
  });
});

describe('what upstream rewrote', () => {
  it('is forced: the branch, and a tag that stands elsewhere on the mirror', async () => {
    await bench.sync();
    await theirCommit('main');
    await team.git('tag', '--force', '1.0.0+1', 'main');
    const theirs = await objectOf('1.0.0+1', team);
    await upstream.git('commit', '--quiet', '--amend', '--message', 'rewritten');
    await bench.sync();
    expect(await refsIn(team)).toEqual(await refsIn(upstream));
    const ours = await objectOf('1.0.0+1');
    expect(bench.notes).toContain(
      `refs/tags/1.0.0+1 of the mirror ${bench.server.url('team')} was ${theirs}; upstream's ${ours} took its place`,
    );
  });

  it('by withdrawing a tag goes from the mirror too; one that people put there under that name stays', async () => {
    await upstream.tag('gone');
    await upstream.tag('reused');
    await bench.sync();
    await theirCommit('feature');
    await team.git('tag', '--force', 'reused', 'feature');
    await upstream.deleteTag('gone');
    await upstream.deleteTag('reused');
    const { rewrites, foreignTags } = await bench.sync();
    expect(rewrites.map(({ ref, to }) => [ref, to])).toEqual([
      ['refs/tags/gone', null],
      ['refs/tags/reused', null],
    ]);
    expect(foreignTags).toEqual(['reused']);
    expect(await namesIn(team)).toEqual([
      'refs/heads/feature',
      'refs/heads/main',
      'refs/tags/1.0.0+1',
      'refs/tags/reused',
    ]);
  });

  it('by withdrawing a tag that the record stands on goes from the mirror, and stays in the local one', async () => {
    await upstream.release('1.1.0+1');
    await bench.sync(bench.both(), ['1.0.0+1']);
    await upstream.deleteTag('1.0.0+1');
    await bench.sync(bench.both(), ['1.0.0+1']);
    expect(await namesIn(team)).toEqual(['refs/heads/main', 'refs/tags/1.1.0+1']);
    expect(await namesIn(bench.local)).toContain('refs/tags/1.0.0+1');
  });

  it('by a tag whose name begins with that of one that it withdrew is followed', async () => {
    await upstream.tag('v1');
    await bench.sync();
    await upstream.deleteTag('v1');
    await upstream.tag('v1/1');
    await bench.sync();
    expect(await refsIn(team)).toEqual(await refsIn(upstream));
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
  });
});

describe('after a push that failed', () => {
  it("a tag that upstream withdrew meanwhile is still known for upstream's, pushed or not", async () => {
    await bench.sync();
    await upstream.tag('a-first', { message: 'pushed' });
    await upstream.tag('b-moved');
    await bench.sync();
    // The update hook decides about each ref: part of a push arrives, and part of it does not.
    await hook('update', '[ "$1" != refs/heads/main ]');
    await upstream.commit({ more: '1' });
    await upstream.tag('c-new');
    await upstream.moveTag('b-moved');
    await expect(bench.sync()).rejects.toMatchObject({ reason: 'mirror-refused' });
    expect(await namesIn(team)).toContain('refs/tags/c-new');
    expect(await objectOf('b-moved', team)).toBe(await upstream.head());
    await hook('update', 'true');
    for (const tag of ['a-first', 'b-moved', 'c-new']) await upstream.deleteTag(tag);
    const { foreignTags, rewrites } = await bench.sync();
    expect(foreignTags).toEqual([]);
    expect(await refsIn(team)).toEqual(await refsIn(upstream));
    expect(rewrites.map(({ ref }) => ref)).toEqual([
      'refs/tags/a-first',
      'refs/tags/b-moved',
      'refs/tags/c-new',
    ]);
    expect(rewrites.at(-1)).toEqual({ ref: 'refs/tags/c-new', from: await upstream.head(), to: null });
    expect(await bench.local.git('for-each-ref', 'refs/reconcile')).toBe('');
  });

  it('what upstream rewrote is reported by the sync that succeeds', async () => {
    await bench.sync();
    const from = await upstream.head();
    await upstream.git('commit', '--quiet', '--amend', '--message', 'rewritten');
    await hook('pre-receive', 'exit 1');
    await expect(bench.sync()).rejects.toMatchObject({ reason: 'mirror-refused' });
    await hook('pre-receive', 'exit 0');
    expect((await bench.sync()).rewrites).toEqual([
      { ref: 'refs/heads/main', from, to: await upstream.head() },
    ]);
  });
});

describe('a mirror that does not take the push', () => {
  const refused = (words: RegExp) => ({
    verdict: 'infra',
    reason: 'mirror-refused',
    message: expect.stringMatching(words),
    hint: expect.stringMatching(/./),
  });
  const url = () => bench.server.url('team').replaceAll(/[.]/g, '\\.');

  it('by a hook is named with the refs and the words of the server, and changed in nothing', async () => {
    await bench.sync();
    await hook('pre-receive', 'echo "main is protected by the house rules" >&2; exit 1');
    await upstream.commit({ more: '1' });
    const before = await refsIn(team);
    const why = refused(
      new RegExp(
        `^the mirror ${url()} refused the push of refs/heads/main: .*hook declined.*protected by the house rules`,
      ),
    );
    await expect(bench.sync()).rejects.toMatchObject(why);
    expect(await refsIn(team)).toEqual(before);
  });

  it('because it is read-only says so', async () => {
    bench.server.writable = false;
    await expect(bench.sync()).rejects.toMatchObject(
      refused(new RegExp(`^could not push refs/.* to the mirror ${url()}: .*403`)),
    );
    expect(await refsIn(team)).toEqual([]);
  });

  it('because its branch moved between listing and push is not forced, and says so', async () => {
    await bench.sync();
    const theirs = await theirCommit('feature');
    // At the first look at the repository that a push makes, which is after it was listed.
    bench.server.beforePush = () => team.git('update-ref', 'refs/heads/main', theirs);
    await upstream.commit({ more: '1' });
    await expect(bench.sync()).rejects.toMatchObject({
      verdict: 'infra',
      reason: 'mirror-moved',
      message: expect.stringMatching(
        `^could not push refs/heads/main to the mirror ${url()}: it was changed there`,
      ),
    });
    expect(await objectOf('main', team)).toBe(theirs);
    bench.server.beforePush = null;
    await bench.sync();
    expect(await objectOf('main', team)).toBe(await upstream.head());
  });

  it('because its branch moved while the push was under way is not forced either', async () => {
    await bench.sync();
    const theirs = await theirCommit('feature');
    await hook('pre-receive', `unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main ${theirs}`);
    await upstream.commit({ more: '1' });
    await expect(bench.sync()).rejects.toMatchObject({ reason: 'mirror-moved' });
    expect(await objectOf('main', team)).toBe(theirs);
  });

  it('because a branch of people stands in the way of its name is said in its words', async () => {
    await bench.sync();
    await upstream.git('branch', '--move', 'main', 'other');
    await upstream.git('branch', '--move', 'other', 'main/v2');
    await expect(bench.sync()).rejects.toMatchObject(refused(/refs\/heads\/main\/v2/));
    expect(await namesIn(team)).toContain('refs/heads/main');
  });

  it('and takes it without keeping it is found out by reading it back', async () => {
    await bench.sync();
    const old = await upstream.head();
    await upstream.commit({ more: '1' });
    await hook('post-receive', `git update-ref refs/heads/main ${old}`);
    await expect(bench.sync()).rejects.toMatchObject({ reason: 'mirror-not-equal' });
  });
});

describe('whoever fails', () => {
  it('is told from the other: upstream', async () => {
    const gone = bench.both();
    await expect(bench.sync({ ...gone, upstream: bench.server.url('nothing') })).rejects.toMatchObject({
      reason: 'upstream-sync-failed',
      message: expect.stringContaining(
        `could not list the refs of upstream ${bench.server.url('nothing')}: `,
      ),
    });
  });

  it('is told from the other: the mirror', async () => {
    const nowhere = bench.both({ url: bench.server.url('nothing') });
    await expect(bench.sync(nowhere)).rejects.toMatchObject({
      reason: 'mirror-sync-failed',
      message: expect.stringContaining(
        `could not list the refs of the mirror ${bench.server.url('nothing')}: `,
      ),
    });
  });

  it('for want of a token is named too, with what to do', async () => {
    const login = { username: 'bot', token: { kind: 'env', name: 'NO_SUCH_TOKEN' } } as const;
    await expect(bench.sync(bench.both({ login }))).rejects.toMatchObject({
      reason: 'mirror-sync-failed',
      message: expect.stringMatching(/^could not list the refs of the mirror .*NO_SUCH_TOKEN/),
      hint: expect.stringContaining('NO_SUCH_TOKEN'),
    });
  });
});

describe('a mirror that is not empty', () => {
  it('and has nothing in common with upstream is refused before anything is pushed, each time', async () => {
    await team.git('update-ref', 'refs/heads/main', await stranger());
    const before = await refsIn(team);
    for (const attempt of ['first', 'second']) {
      await expect(bench.sync(), attempt).rejects.toMatchObject({
        verdict: 'infra',
        reason: 'mirror-unrelated',
        message: `nothing was pushed to the mirror ${bench.server.url('team')}: it is not empty, and shares no commit with upstream ${bench.server.url('upstream')}`,
        hint: expect.stringContaining('app.yaml'),
      });
    }
    expect(await refsIn(team)).toEqual(before);
    expect(transfers().pushes).toBe(0);
  });

  it('and shares only where it began with upstream is related', async () => {
    const first = await upstream.head();
    await team.git('fetch', '--quiet', '--no-write-fetch-head', upstream.folder, 'main');
    const tree = await team.git('rev-parse', `${first}^{tree}`);
    await team.git(
      'update-ref',
      'refs/heads/main',
      await team.git('commit-tree', tree, '-p', first, '-m', 'theirs'),
    );
    await upstream.commit({ more: '1' });
    await bench.sync();
    expect(await objectOf('main', team)).toBe(await upstream.head());
  });

  it('and shares only a tag with upstream is related, though people do else there', async () => {
    await team.git('fetch', '--quiet', '--no-write-fetch-head', upstream.folder, 'refs/tags/*:refs/tags/*');
    await team.git('update-ref', 'refs/heads/theirs', await stranger());
    await bench.sync();
    expect(await refsIn(team)).toEqual(expect.arrayContaining(await refsIn(upstream)));
  });

  it('and is asked leaves nothing behind: neither refs nor objects in the local mirror', async () => {
    const commit = await stranger();
    await team.git('update-ref', 'refs/heads/main', commit);
    await expect(bench.sync()).rejects.toMatchObject({ reason: 'mirror-unrelated' });
    await expect(bench.local.git('cat-file', '-e', commit)).rejects.toThrow();
    expect(await refsIn(bench.local)).toEqual([]);
  });

  async function stranger(): Promise<string> {
    const tree = await team.git('hash-object', '-t', 'tree', '-w', '/dev/null');
    return await team.git('commit-tree', tree, '-m', 'another project');
  }
});

describe('odd names of tags', () => {
  const ODD = [
    '--upload-pack=touch_pwned',
    'HEAD',
    '-d',
    '--force',
    'refs/heads/main',
    'a"b\'c$d`e',
    '@',
    'ä',
  ];

  it('are mirrored, and taken away, like any other', async () => {
    for (const name of ODD) await upstream.git('update-ref', `refs/tags/${name}`, 'main');
    await bench.sync();
    expect(await namesIn(team)).toEqual(expect.arrayContaining(ODD.map((name) => `refs/tags/${name}`)));
    expect(await refsIn(team)).toEqual(await refsIn(upstream));
    for (const name of ODD) await upstream.git('update-ref', '-d', `refs/tags/${name}`);
    await bench.sync();
    expect(await refsIn(team)).toEqual(await refsIn(upstream));
  });

  it('and tags of what is no commit are mirrored as they are', async () => {
    const blob = await upstream.git('hash-object', '-w', 'app.mjs');
    await upstream.git('tag', 'a-blob', blob);
    await upstream.git('tag', 'a-tree', 'main^{tree}');
    await upstream.git('tag', '--annotate', '--message', 'of a blob', 'of-a-blob', blob);
    await bench.sync();
    expect(await refsIn(team)).toEqual(await refsIn(upstream));
  });
});
