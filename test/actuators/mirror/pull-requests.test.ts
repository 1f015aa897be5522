/** Pull requests on the team's mirror, behind a forge that speaks Gitea's JSON over the very repository that is pushed to. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fenced } from '../../../src/reconciler/errors.ts';
import type { Manifest, SyncReport, TokenSource } from '../../../src/reconciler/model.ts';
import { Gitea } from '../../fixtures/gitea.ts';
import { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { MirrorBench, refsIn } from './harness.ts';

let bench: MirrorBench;
let upstream: UpstreamRepo;
let team: UpstreamRepo;
/** Where people work. */
let people: UpstreamRepo;
let forge: Gitea;

beforeEach(async () => {
  bench = await MirrorBench.open({ transport: 'folder' });
  ({ upstream, team } = bench);
  forge = await Gitea.start(team);
  people = await UpstreamRepo.create(join(bench.root, 'people'));
  vi.stubEnv('FORGE_TOKEN', forge.token);
  await upstream.commit({ 'app.yml': 'one\n', 'other.yml': 'other\n' });
  await upstream.tag('1.0.0+1');
  await bench.sync();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await forge.close();
  await bench.close();
});

const ENV: TokenSource = { kind: 'env', name: 'FORGE_TOKEN' };

const withForge = (token: TokenSource = ENV): Manifest =>
  bench.both({ forge: { type: 'gitea', api: forge.api, repo: 'team/app', token } });

/** A commit on top of what the team has, in which the one file says this: what somebody proposes. */
async function proposal(content: string, more: Record<string, string> = {}): Promise<string> {
  await people.git('fetch', '--quiet', team.folder, 'main');
  await people.git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
  const commit = await people.commit({ 'app.yml': content, 'other.yml': 'other\n', ...more });
  await people.git('push', '--quiet', team.folder, 'HEAD:refs/proposed/head');
  await team.git('update-ref', '-d', 'refs/proposed/head');
  return commit;
}

/** Upstream makes the same change as was proposed, in a commit of its own. */
async function arrive(content: string): Promise<string> {
  return await upstream.commit({ 'app.yml': content, 'other.yml': 'other\n' });
}

const LISTED = { number: 1, state: 'open', base: { ref: 'main' } };

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): Gitea['interfere'] =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    return true;
  };

const listing = (pulls: object[]): Gitea['interfere'] => answer(200, JSON.stringify(pulls));

describe('a pull request whose work arrived from upstream', () => {
  it('is closed, with a comment that says why; every other stays exactly as it was', async () => {
    const arrived = await forge.open(await proposal('two\n'));
    const conflicting = await forge.open(await proposal('three\n'));
    const unfinished = await forge.open(await proposal('one\n', { 'more.yml': 'more\n' }));
    await team.git('branch', 'stable', 'main');
    const elsewhere = await forge.open(await proposal('two\n'), 'stable');
    const tree = await team.git('rev-parse', 'main^{tree}');
    const unrelated = await forge.open(await team.git('commit-tree', tree, '-m', 'another beginning'));
    const others = [conflicting, unfinished, elsewhere, unrelated];
    const before = structuredClone(others);
    const pullRefs = await team.git('for-each-ref', 'refs/pull');
    const tip = await arrive('two\n');

    const report = await bench.sync(withForge());

    expect(report).toMatchObject({ closed: [1], pullRequests: null });
    expect(arrived.state).toBe('closed');
    expect(arrived.comments).toHaveLength(1);
    const [comment] = arrived.comments;
    expect(comment?.body).toContain('merging this would change nothing any more');
    expect(comment?.body).toContain(tip);
    expect(comment?.body).toContain(await team.git('rev-parse', 'refs/pull/1/head'));
    expect(others).toEqual(before);
    expect(forge.writes()).toEqual(['POST /issues/1/comments', 'PATCH /pulls/1']);
    expect(await team.git('for-each-ref', 'refs/pull')).toBe(pullRefs);
    expect(await refsIn(bench.local)).toEqual(await refsIn(upstream));
    expect(bench.concealed).toEqual([forge.token]);
  });

  it('is closed also by a sync that has nothing to push, and by the one after nothing is asked but the listing', async () => {
    await forge.open(await proposal('two\n'));
    await arrive('two\n');
    await bench.sync();
    expect(await bench.sync(withForge())).toMatchObject({ closed: [1], pullRequests: null });
    forge.requests.length = 0;
    expect(await bench.sync(withForge())).toMatchObject({ closed: [], pullRequests: null });
    expect(forge.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /pulls']);
  });

  it('leaves nothing of itself in the local mirror', async () => {
    const head = await proposal('one\n', { 'more.yml': 'more\n' });
    await forge.open(head);
    await bench.sync(withForge());
    await expect(bench.local.git('cat-file', '-e', head)).rejects.toThrow();
    expect(bench.notes.at(-1)).toBe(
      'pull request #1 would still change main, or cannot be merged, and stays as it is',
    );
  });

  it('is found on whichever page it stands', async () => {
    forge.pageSize = 2;
    for (const content of ['a\n', 'b\n', 'c\n', 'd\n']) await forge.open(await proposal(content));
    await forge.open(await proposal('two\n'));
    await arrive('two\n');
    expect((await bench.sync(withForge())).closed).toEqual([5]);
    expect(
      forge.requests.filter(({ path }) => path === '/pulls').map(({ query }) => query.get('page')),
    ).toEqual(['1', '2', '3']);
  });
});

describe('a pull request that is pushed to meanwhile', () => {
  it('after it was looked at is left open, and nothing is said to it', async () => {
    const pull = await forge.open(await proposal('two\n'));
    const newer = await proposal('not yet\n');
    forge.interfere = async ({ path }) => {
      if (path === '/issues/1/comments') await forge.push(pull, newer);
      return false;
    };
    await arrive('two\n');
    expect(await bench.sync(withForge())).toMatchObject({ closed: [], pullRequests: null });
    expect(forge.writes()).toEqual([]);
    expect(bench.notes.at(-1)).toBe('pull request #1 was changed meanwhile, and left to the next sync');
  });

  it('before its commit was fetched is left open', async () => {
    const old = await proposal('two\n');
    const pull = await forge.open(old);
    forge.interfere = (request, response) =>
      request.path === '/pulls' ? listing([{ ...LISTED, head: { sha: old } }])(request, response) : false;
    await forge.push(pull, await proposal('not yet\n'));
    await arrive('two\n');
    expect(await bench.sync(withForge())).toMatchObject({ closed: [], pullRequests: null });
    expect(forge.writes()).toEqual([]);
    expect(bench.notes.at(-1)).toBe('pull request #1 is being pushed to, and left to the next sync');
  });

  it('while it is closed is reported, so that somebody reopens it', async () => {
    const pull = await forge.open(await proposal('two\n'));
    const newer = await proposal('not yet\n');
    forge.interfere = async ({ method }) => {
      if (method === 'PATCH') await forge.push(pull, newer);
      return false;
    };
    await arrive('two\n');
    const { closed, pullRequests } = await bench.sync(withForge());
    expect(closed).toEqual([]);
    expect(pullRequests).toBe(
      `pull request #1 was closed while it was pushed to: reopen it, if ${newer} is needed`,
    );
  });

  it('or merged, or closed by somebody, is left alone', async () => {
    const pull = await forge.open(await proposal('two\n'));
    forge.interfere = ({ path }) => {
      if (path === '/issues/1/comments') pull.state = 'closed';
      return false;
    };
    await arrive('two\n');
    expect((await bench.sync(withForge())).closed).toEqual([]);
    expect(forge.writes()).toEqual([]);
  });
});

describe('a forge that fails', () => {
  /** The sync itself is as good as without a forge, and the token stands nowhere. */
  async function expectSynced(report: SyncReport): Promise<void> {
    expect(await refsIn(team)).toEqual(expect.arrayContaining(await refsIn(upstream)));
    const said = JSON.stringify([report, bench.notes]);
    expect(said).not.toContain(forge.token);
    expect(said).not.toContain(Buffer.from(forge.token).toString('base64'));
  }

  it('fails no sync, and is told', async () => {
    await forge.open(await proposal('two\n'));
    await arrive('two\n');
    forge.interfere = answer(500, '{"message":"out of order"}');
    const report = await bench.sync(withForge());
    expect(report.closed).toEqual([]);
    expect(report.pullRequests).toBe(
      `could not list the open pull requests of team/app at ${forge.api}: it answers 500 (out of order); ` +
        'it is tried again at the next sync',
    );
    expect(bench.notes).toContain(report.pullRequests);
    await expectSynced(report);
  });

  it('and repeats the token does not make us repeat it', async () => {
    const echo = `${forge.token} ${Buffer.from(forge.token).toString('base64')}`;
    forge.interfere = answer(400, JSON.stringify({ message: `not good: token ${echo}` }));
    const report = await bench.sync(withForge());
    expect(report.pullRequests).toContain('it answers 400 (not good: token *** ***)');
    await expectSynced(report);
  });

  it('by never answering is given up at the deadline', async () => {
    await bench.close();
    bench = await MirrorBench.open({ transport: 'folder', timeoutMs: 1500 });
    await bench.upstream.release('1.0.0+1');
    forge.interfere = () => true;
    const report = await bench.sync(withForge());
    expect(report.pullRequests).toContain('no answer within 1500 ms');
  });

  it('by being gone is told', async () => {
    const gone = withForge();
    await forge.close();
    const report = await bench.sync(gone);
    expect(report.pullRequests).toMatch(
      /^could not list the open pull requests of team\/app at http.*ECONNREFUSED/,
    );
    await expectSynced(report);
  });

  it('by asking for a pause gets it', async () => {
    await forge.open(await proposal('two\n'));
    await arrive('two\n');
    let calls = 0;
    forge.interfere = (request, response) =>
      ++calls === 1
        ? answer(429, '{"message":"slow down"}', { 'retry-after': '7' })(request, response)
        : false;
    expect(await bench.sync(withForge())).toMatchObject({ closed: [1], pullRequests: null });
    expect(bench.pauses).toEqual([7000]);
  });

  it('by not closing what it was asked to close is told, and the next sync does it without another comment', async () => {
    const pull = await forge.open(await proposal('two\n'));
    await arrive('two\n');
    forge.interfere = (request, response) =>
      request.method === 'PATCH' ? answer(500, '{"message":"later"}')(request, response) : false;
    const report = await bench.sync(withForge());
    expect(report.closed).toEqual([]);
    expect(report.pullRequests).toContain('could not close pull request #1 of team/app');
    expect(bench.pauses).toEqual([1000, 2000]);
    forge.interfere = () => false;
    expect(await bench.sync(withForge())).toMatchObject({ closed: [1], pullRequests: null });
    expect(pull.comments).toHaveLength(1);
  });

  it('by saying that it closed what stays open is found out', async () => {
    const pull = await forge.open(await proposal('two\n'));
    await arrive('two\n');
    forge.interfere = (request, response) =>
      request.method === 'PATCH' ? answer(201, '{"state":"closed"}')(request, response) : false;
    const report = await bench.sync(withForge());
    expect(report.closed).toEqual([]);
    expect(report.pullRequests).toContain('could not close pull request #1: it is still open afterwards');
    expect(pull.state).toBe('open');
  });

  it('for one pull request serves the others', async () => {
    await forge.open(await proposal('two\n'));
    await forge.open(await proposal('two\n'));
    await arrive('two\n');
    forge.interfere = (request, response) =>
      request.path === '/issues/1/comments' ? answer(404, '{"message":"gone"}')(request, response) : false;
    const report = await bench.sync(withForge());
    expect(report.closed).toEqual([2]);
    expect(report.pullRequests).toContain('could not read the comments of pull request #1');
  });

  it('by serving another repository than the mirror closes nothing there', async () => {
    await forge.open(await proposal('two\n'));
    await team.git('update-ref', '-d', 'refs/pull/1/head');
    forge.interfere = (request, response) =>
      request.path === '/pulls' ? listing([{ ...LISTED, head: { sha: 'abc' } }])(request, response) : false;
    await arrive('two\n');
    const report = await bench.sync(withForge());
    expect(report.pullRequests).toContain('the mirror shows no refs/pull/1/head');
    expect(forge.writes()).toEqual([]);
  });
});

describe('the token', () => {
  it('that is missing fails no sync, and what to do is told', async () => {
    await arrive('two\n');
    const unset = await bench.sync(withForge({ kind: 'env', name: 'NO_SUCH_TOKEN' }));
    expect(unset.pullRequests).toMatch(
      /^could not read a token: \$NO_SUCH_TOKEN holds no token; set \$NO_SUCH_TOKEN/,
    );
    expect(await refsIn(team)).toEqual(await refsIn(upstream));
    const path = join(bench.root, 'no-such-file');
    const missing = await bench.sync(withForge({ kind: 'file', path }));
    expect(missing.pullRequests).toContain(path);
    expect(forge.requests).toEqual([]);
  });

  it('is read anew from its file at each sync', async () => {
    const path = join(bench.root, 'token');
    await writeFile(path, 'old\n');
    const manifest = withForge({ kind: 'file', path });
    expect((await bench.sync(manifest)).pullRequests).toContain('it answers 401');
    await writeFile(path, `${forge.token}\n`);
    expect((await bench.sync(manifest)).pullRequests).toBeNull();
  });
});

describe('while pull requests are looked after', () => {
  it('a stop ends the sync with its reason', async () => {
    const reason = new Error('stopped');
    forge.interfere = () => {
      bench.stop.abort(reason);
      return true;
    };
    await expect(bench.sync(withForge())).rejects.toBe(reason);
  });

  it('a lease that was taken over keeps anything from being written to the forge', async () => {
    await forge.open(await proposal('two\n'));
    await arrive('two\n');
    forge.interfere = async ({ path }) => {
      if (path === '/pulls/1') await rename(bench.term, `${bench.term}-ended`);
      return false;
    };
    await expect(bench.sync(withForge())).rejects.toThrow(Fenced);
    expect(forge.writes()).toEqual([]);
  });
});
