/** What git is asked for, and who asks: repositories that it alone can reach, and empty ones. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Login } from '../../src/reconciler/model.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { anyWay, ASKING, byGit } from './listing-remotely.ts';

const login: Login = { username: 'git', token: { kind: 'env', name: 'TEST_GIT_TOKEN' } };
const PROXY_VARIABLES = 'http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY'.split(' ');

let root: string;
let git: HttpGit;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-lister-'));
  git = await HttpGit.start(root);
  for (const name of PROXY_VARIABLES) vi.stubEnv(name, undefined);
  vi.stubEnv('TEST_GIT_TOKEN', 'open-sesame');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) await close();
  await git.close();
  await rm(root, { recursive: true });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const objectsOf = async (url: string, as: Login | null): Promise<number> =>
  (await byGit().list({ url, login: as, branch: null }, ASKING)).objects.size;

it('an empty repository is empty, for those who may see it', async () => {
  await UpstreamRepo.create(join(root, 'r0'));
  Object.assign(git, { mode: 'require-auth', credentials: 'git:open-sesame' });
  expect(await objectsOf(git.url('r0'), login)).toBe(0);
  await expect(objectsOf(git.url('r0'), null)).rejects.toThrow(git.origin);
});

it('what answers with nothing is no empty repository, and a token does not follow where it redirects', async () => {
  const asked: string[] = [];
  const other = await serve((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' }).end();
  });
  const seenBy: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    const isGit = request.headers['user-agent']?.startsWith('git/');
    if (!isGit) seenBy.push(request.headers.authorization);
    if (isGit) response.writeHead(200, { 'content-type': 'text/plain' }).end();
    else response.writeHead(301, { location: `${other}${request.url}`, 'content-type': 'text/html' }).end();
  });
  await expect(objectsOf(url, login)).rejects.toThrow('not as a git server does (text/html)');
  expect(seenBy).toEqual([`Basic ${Buffer.from('git:open-sesame').toString('base64')}`]);
  expect(asked).toEqual([]);
});

it('git that has a token follows no redirect, and the other server is not even asked', async () => {
  await (await UpstreamRepo.create(join(root, 'r0'))).commit({ a: '1' });
  const url = await serve((request, response) => {
    response.writeHead(301, { location: `${git.origin}${request.url}` }).end();
  });
  await expect(objectsOf(`${url}/r0`, login)).rejects.toThrow(url);
  expect(git.count()).toBe(0);
  expect(await objectsOf(`${url}/r0`, null)).toBe(1);
});

it('where a proxy is set it is asked, by git, for what is empty as well', async () => {
  await UpstreamRepo.create(join(root, 'r0'));
  // It is told the whole address, of a server that nobody can reach without it.
  const proxy = await serve((request, response) => {
    const { pathname, search } = new URL(request.url ?? '');
    response.writeHead(307, { location: `${git.origin}${pathname}${search}` }).end();
  });
  vi.stubEnv('http_proxy', proxy);
  vi.stubEnv('no_proxy', new URL(git.origin).hostname);
  const list = anyWay().list({ url: 'http://upstream.invalid/r0', login: null, branch: null }, ASKING);
  expect((await list).objects.size).toBe(0);
});

it('a proxy that does not listen makes a server unreadable that could be reached without it', async () => {
  await (await UpstreamRepo.create(join(root, 'r0'))).commit({ a: '1' });
  const gone = await serve(() => undefined);
  await closing.pop()?.();
  vi.stubEnv('http_proxy', gone);
  const list = anyWay().list({ url: git.url('r0'), login: null, branch: null }, ASKING);
  await expect(list).rejects.toThrow(/Failed to connect/);
  expect(git.count()).toBe(0);
});
