/** Over TLS the same servers are trusted, whether they are asked without git or by it. */
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HttpGit } from '../fixtures/http-git.ts';
import { UpstreamRepo } from '../fixtures/upstream-repo.ts';
import { anyWay, byGit, refsBy } from './listing-remotely.ts';

const tls = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
/** Under which OpenSSL looks for the authority in a folder of certificates. */
const AUTHORITY_BY_HASH = 'f20e0b1e.0';

let root: string;
let git: HttpGit;
let server: Server;
let url: string;
let connections: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'trust-'));
  const repo = await UpstreamRepo.create(join(root, 'r0'));
  await repo.commit({ a: '1' });
  await repo.tag('1.0.0+1', { message: 'a release' });
  git = await HttpGit.start(root);
  const { hostname, port } = new URL(git.origin);
  // In front of the git server, as a reverse proxy is.
  server = createServer({ key: readFileSync(tls('server.key')), cert: readFileSync(tls('server.pem')) });
  server.on('secureConnection', (socket) => {
    const inner = connect(Number(port), hostname);
    socket
      .on('error', () => inner.destroy())
      .pipe(inner)
      .on('error', () => socket.destroy())
      .pipe(socket);
  });
  connections = 0;
  server.on('connection', () => connections++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/r0`;
  for (const name of ['GIT_SSL_CAINFO', 'SSL_CERT_FILE', 'GIT_SSL_CAPATH', 'SSL_CERT_DIR'])
    vi.stubEnv(name, undefined);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  server.close();
  await git.close();
  await rm(root, { recursive: true });
});

it('whom git is told to trust is trusted without git, too', async () => {
  vi.stubEnv('GIT_SSL_CAINFO', tls('authority.pem'));
  expect((await refsBy(byGit(), url)).tags).toHaveLength(1);
  vi.stubEnv('PATH', root);
  expect((await refsBy(anyWay(), url)).tags).toHaveLength(1);
});

it('a certificate that nobody vouches for is refused both ways, in the words of git', async () => {
  await expect(refsBy(byGit(), url)).rejects.toThrow(/certificate/);
  await expect(refsBy(anyWay(), url)).rejects.toThrow(/certificate/);
});

it('whom a folder of certificates vouches for is asked by git', async () => {
  const folder = join(root, 'certificates');
  mkdirSync(folder);
  copyFileSync(tls('authority.pem'), join(folder, AUTHORITY_BY_HASH));
  vi.stubEnv('GIT_SSL_CAPATH', folder);
  expect((await refsBy(anyWay(), url)).tags).toHaveLength(1);
});

it.each(['GIT_SSL_CAPATH', 'SSL_CERT_DIR'])('where $%s is set nobody but git asks over TLS', async (name) => {
  vi.stubEnv(name, root);
  vi.stubEnv('PATH', root);
  await expect(refsBy(anyWay(), url)).rejects.toThrow('git: not found');
  expect(connections).toBe(0);
  // A file that is named besides is known to both.
  vi.stubEnv('SSL_CERT_FILE', tls('authority.pem'));
  expect((await refsBy(anyWay(), url)).tags).toHaveLength(1);
});
