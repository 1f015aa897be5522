/** How http(s) servers are asked without git: how often, how long, how much, and as whom. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Login } from '../../src/reconciler/model.ts';
import { packet } from '../../src/remotes/packets.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { anyWay, ASKING, refsBy, type HostChange } from './listing-remotely.ts';

let root: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'http-lister-'));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(root, { recursive: true });
});

async function repositories(count: number): Promise<HttpGit> {
  for (let index = 0; index < count; index++) {
    const repo = await UpstreamRepo.create(join(root, `r${index}`));
    await repo.commit({ index: String(index) });
    await repo.tag('1.0.0+1', { message: 'a release' });
  }
  const git = await HttpGit.start(root);
  closing.push(() => git.close());
  return git;
}

async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/app` };
}

const ABILITIES = `${packet('version 2\n')}${packet('ls-refs\n')}0000`;
const ref = (name: string, more = ''): string => packet(`${'1'.repeat(40)} ${name}${more}\n`);
const isPost = (request: IncomingMessage): boolean => request.method === 'POST';

/** A server of protocol version 2 that answers ls-refs so. */
const answering =
  (answer: RequestListener): RequestListener =>
  (request, response) => {
    if (isPost(request)) {
      response.setHeader('content-type', 'application/x-git-upload-pack-result');
      answer(request, response);
    } else {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement').end(ABILITIES);
    }
  };

describe('in the steady state', () => {
  it('a host is asked what it speaks once, and then once for each repository, over connections that stay', async () => {
    const git = await repositories(12);
    const connections = { opened: 0 };
    git.onConnection = () => connections.opened++;
    const lister = anyWay();
    await refsBy(lister, git.url('r0'));
    for (let round = 0; round < 2; round++) {
      const urls = Array.from({ length: 12 }, (_, index) => git.url(`r${index}`));
      const all = await Promise.all(urls.map((url) => refsBy(lister, url)));
      expect(all.every(({ tags }) => tags.length === 1)).toBe(true);
    }
    expect([...git.requests].filter(([path]) => path.endsWith('/info/refs'))).toEqual([['/r0/info/refs', 1]]);
    expect(git.count()).toBe(1 + 1 + 24);
    expect(connections.opened).toBeLessThanOrEqual(12);
  });

  it('a connection that the server closed meanwhile is replaced by another one', async () => {
    const git = await repositories(1);
    const lister = anyWay();
    await refsBy(lister, git.url('r0'));
    git.dropIdleConnections();
    expect((await refsBy(lister, git.url('r0'))).tags).toHaveLength(1);
  });

  it('a server that forgot its version 2 is asked what it speaks again', async () => {
    const git = await repositories(1);
    const lister = anyWay();
    const before = await refsBy(lister, git.url('r0'));
    git.mode = 'version-0';
    expect(await refsBy(lister, git.url('r0'))).toEqual(before);
  });
});

describe('an answer', () => {
  const cases: [string, RequestListener, RegExp][] = [
    ['that never ends', endless, /more than \d+ bytes/],
    ['that names too many tags', tooMany, /more than 20000 tags/],
    ['that refuses', (_, response) => void response.end(packet('ERR go away\n')), /go away/],
    ['that holds no packets', (_, response) => void response.end('hello'), /not in packet lines/],
    ['that goes on after its end', (_, response) => void response.end('00000000'), /after the end/],
    [
      'that peels to nothing',
      (_, response) => void response.end(`${ref('refs/tags/1.0.0+1', ' peeled:x')}0000`),
      /no object/,
    ],
    ['that is empty', (_, response) => void response.end(), /cut off/],
  ];
  it.each(cases)('%s is refused, and says why', async (_, listener, why) => {
    const { url } = await serve(answering(listener));
    await expect(refsBy(anyWay({ timeoutMs: 5000 }), url)).rejects.toThrow(why);
    await expect(refsBy(anyWay({ timeoutMs: 5000 }), url)).rejects.toThrow(url);
  });

  it('of version 0 that never ends is refused, and git is not asked either', async () => {
    const { url } = await serve((request, response) => {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      response.write(`${packet('# service=git-upload-pack\n')}0000`);
      endless(request, response);
    });
    await expect(refsBy(anyWay({ timeoutMs: 5000 }), url)).rejects.toThrow(/more than \d+ bytes/);
  });

  it('that never ends and is reached by a redirect makes git take no more memory than it is allowed', async () => {
    const other = await serve((request, response) => {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      response.write(`${packet('# service=git-upload-pack\n')}0000`);
      endless(request, response);
    });
    const { url } = await serve(({ url: path = '' }, response) => {
      response.writeHead(301, { location: `${other.url}${path.slice('/app'.length)}` }).end();
    });
    // Long before its deadline.
    await expect(refsBy(anyWay({ timeoutMs: 55_000 }), url)).rejects.toThrow(/memory/i);
  });

  it('may name ten thousand tags, options for names, and refs that nobody asked for', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => ref(`refs/tags/${index}.0.0+1`)).join('');
    const odd = [
      'refs/tags/--upload-pack=touch',
      'refs/heads/other',
      '../../outside',
      'refs/pull/1/head',
    ].map((name) => ref(name));
    const { url } = await serve(answering((_, response) => void response.end(`${odd.join('')}${names}0000`)));
    const { tags } = await refsBy(anyWay(), url);
    expect(tags).toHaveLength(10_001);
    expect(tags.filter(({ name }) => /[^\d.+]/.test(name)).map(({ name }) => name)).toEqual([
      '--upload-pack=touch',
    ]);
  });

  it('that comes drop by drop ends at the deadline', async () => {
    const { url } = await serve(
      answering((_, response) => {
        response.flushHeaders();
        const timer = setInterval(() => response.write(ref('refs/tags/x')), 20);
        response.on('close', () => clearInterval(timer));
      }),
    );
    await expect(refsBy(anyWay({ timeoutMs: 300 }), url)).rejects.toThrow(/no answer within 0.3 s/);
  });

  it.each([429, 502, 503, 504])('with status %s ten times in a row takes the host down', async (status) => {
    const asked: string[] = [];
    const { url } = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status).end();
    });
    const changes: HostChange[] = [];
    const lister = anyWay({ onChange: (change) => changes.push(change) });
    for (let time = 0; time < 12; time++)
      await expect(refsBy(lister, url)).rejects.toThrow(`HTTP status ${status}`);
    expect(asked).toHaveLength(10);
    expect(changes).toMatchObject([{ host: new URL(url).origin, down: true }]);
  });
});

describe('a host where nothing listens', () => {
  it('is tried three times, however many repositories it has', async () => {
    const { url, server } = await serve((_, response) => void response.end());
    server.close();
    await once(server, 'close');
    const changes: HostChange[] = [];
    const lister = anyWay({ onChange: (change) => changes.push(change) });
    const all = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => refsBy(lister, `${url}${index}`)),
    );
    const words = all.map((each) => (each.status === 'rejected' ? String(each.reason) : ''));
    expect(words.filter((each) => each.includes('ECONNREFUSED'))).toHaveLength(200);
    expect(words.filter((each) => each.includes('several times in a row'))).toHaveLength(197);
    expect(changes).toHaveLength(1);
    closing.length = 0;
  });
});

describe('who asks', () => {
  const login: Login = { username: 'git', token: { kind: 'env', name: 'TEST_GIT_TOKEN' } };
  const list = (url: string, as: Login | null) => anyWay().list({ url, login: as, branch: null }, ASKING);

  afterEach(() => {
    delete process.env['TEST_GIT_TOKEN'];
  });

  it('a token from the environment or from a file opens a repository', async () => {
    const git = await repositories(1);
    Object.assign(git, { mode: 'require-auth', credentials: 'git:open-sesame' });
    process.env['TEST_GIT_TOKEN'] = 'open-sesame';
    expect((await list(git.url('r0'), login)).objects.size).toBe(2);
    const path = join(root, 'token');
    await writeFile(path, 'open-sesame\n');
    expect((await list(git.url('r0'), { ...login, token: { kind: 'file', path } })).objects.size).toBe(2);
  });

  it.each([
    ['nobody', null, '', 'it wants to know who asks'],
    ['somebody whose token is not set', login, '', '$TEST_GIT_TOKEN holds no token'],
    ['somebody whose token would end a header', login, 'a\r\nx: y', 'odd characters'],
    ['a stranger', login, 'wrong-token', 'it refuses the token that it was sent'],
  ])('%s is told why it stays shut', async (_, as, token, why) => {
    const git = await repositories(1);
    Object.assign(git, { mode: 'require-auth', credentials: 'git:open-sesame' });
    process.env['TEST_GIT_TOKEN'] = token;
    const error: unknown = await list(git.url('r0'), as).catch((each: unknown) => each);
    expect(String(error)).toContain(why);
    expect(String(error)).not.toMatch(/wrong-token|d3Jvbmct/);
  });

  it('a token does not follow to where a server redirects', async () => {
    process.env['TEST_GIT_TOKEN'] = 'open-sesame';
    const seen: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    });
    const { url } = await serve((_, response) => void response.writeHead(301, { location: other.url }).end());
    await expect(list(url, login)).rejects.toThrow('where no token is sent to');
    expect(seen).toEqual([]);
  });

  it('a server that repeats what it was told, in whatever form, does not get it into any message', async () => {
    const token = 'open/sesame+1';
    process.env['TEST_GIT_TOKEN'] = token;
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const forms = [token, base64(token), `git:${token}`, base64(`git:${token}`)];
    const repeated = forms.flatMap((form) => [form, encodeURIComponent(form)]).join(' or ');
    const { url } = await serve(answering((_, response) => void response.end(packet(`ERR ${repeated}\n`))));
    const error: unknown = await list(url, login).catch((each: unknown) => each);
    expect(String(error).replaceAll('git:', '').replaceAll('git%3A', '')).toContain(
      Array.from({ length: 8 }, () => '***').join(' or '),
    );
  });
});

function endless(request: IncomingMessage, response: Parameters<RequestListener>[1]): void {
  void buffer(request);
  const line = ref('refs/tags/1.0.0+1');
  const more = (): void => {
    while (!response.destroyed && response.write(line.repeat(500)));
  };
  response.on('drain', more);
  more();
}

function tooMany(_: IncomingMessage, response: Parameters<RequestListener>[1]): void {
  response.end(`${Array.from({ length: 20_001 }, (__, index) => ref(`refs/tags/${index}`)).join('')}0000`);
}
