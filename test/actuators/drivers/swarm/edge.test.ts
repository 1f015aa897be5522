/** Health at the edge: what an answer, or none, at the public address says, and through which door it is asked. */
import { readFile } from 'node:fs/promises';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { askEdge, type Edge } from '../../../../src/actuators/drivers/swarm/edge.ts';
import { faultOf } from '../../../suites/driver.ts';
import { bareManifest } from '../process/harness.ts';

const tls = (name: string): string =>
  fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const { health } = bareManifest(null);
let server: Server | null = null;
afterEach(async () => {
  await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  server = null;
});

async function serve(listener: RequestListener, secure = true): Promise<string> {
  const credentials = { key: await readFile(tls('server.key')), cert: await readFile(tls('server.pem')) };
  return await listen(secure ? createServer(credentials, listener) : createPlainServer(listener));
}

async function listen(started: Server): Promise<string> {
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(started.address() as AddressInfo).port}`;
}

const ask = async (over: Partial<Edge>, domain = 'localhost', timeoutMs = 5000) => {
  const edge: Edge = { scheme: 'https', address: null, ca: tls('authority.pem'), ...over };
  return await askEdge(edge, domain, health, timeoutMs, new AbortController().signal);
};

describe('at the edge', () => {
  it('an app is asked for by its domain, at the address that is given', async () => {
    const address = await serve(({ headers }, response) => response.end(headers.host));
    expect((await ask({ address })).answer).toEqual({ kind: 'right' });
    const contains = { ...health, contains: 'localhost' };
    const edge: Edge = { scheme: 'https', address, ca: tls('authority.pem') };
    const signal = new AbortController().signal;
    expect((await askEdge(edge, 'localhost', contains, 5000, signal)).answer).toEqual({ kind: 'right' });
  });

  it.each([
    [302, 'the proxy or the app sends others on'],
    [404, 'it may be the proxy itself that knows no router for the domain'],
    [502, 'a port where nothing answers, or to the app of another stack'],
    [200, 'may route to the app of another stack'],
  ])('an answer %d that is wrong is the recipe’s: %s', async (status, words) => {
    const address = await serve((_request, response) => response.writeHead(status).end('something'), false);
    const edge: Edge = { scheme: 'http', address, ca: null };
    const wanting = { ...health, contains: 'welcome' };
    const { answer, at, blame } = await askEdge(edge, 'a.test', wanting, 5000, new AbortController().signal);
    expect(answer).toMatchObject({ kind: 'wrong', why: expect.stringContaining(words) as string });
    expect(at).toBe(`at the edge http://a.test/ (through ${address})`);
    expect(blame.wrong).toEqual({ verdict: 'red', reason: 'edge-wrong-answer' });
  });

  it('a redirect is told with where it leads', async () => {
    const address = await serve((_request, response) => {
      response.writeHead(302, { location: 'https://login.test/' }).end();
    });
    expect((await ask({ address })).answer).toMatchObject({
      kind: 'wrong',
      why: expect.stringMatching(
        /^answered 302, expected 200, and redirects to https:\/\/login\.test\/; /,
      ) as string,
    });
  });

  it('only an app that was asked inside is said to be well there', async () => {
    const address = await serve((_request, response) => response.writeHead(404).end());
    const edge: Edge = { scheme: 'https', address, ca: tls('authority.pem') };
    const signal = new AbortController().signal;
    const asked = await askEdge(edge, 'localhost', { ...health, port: 80 }, 5000, signal);
    expect(asked.answer).toMatchObject({ why: expect.stringContaining('inside all is well') as string });
    const unasked = await askEdge(edge, 'localhost', { ...health, port: null }, 5000, signal);
    expect(unasked.answer).toMatchObject({
      why: expect.stringContaining('without health.port nobody asks them inside') as string,
    });
  });

  const drop = (socket: Socket): void => void socket.destroy();
  it.each([
    ['speaks plain HTTP', () => createPlainServer(), 'wrong version number', 'does not speak TLS'],
    ['has no certificate', () => createTlsServer({}), 'alert handshake failure', 'refuses the handshake'],
    ['closes the connection', () => createRawServer(drop), 'disconnected', 'closes it'],
  ])('what %s is told from nobody, in one line', async (_what, make, said, meaning) => {
    const { answer, blame } = await ask({ address: await listen(make()) });
    const why = answer.kind === 'right' ? '' : answer.why;
    expect(why).toContain(said);
    expect(why).toContain(meaning);
    expect(why).not.toMatch(/\n|SSL routines|no proxy answers/);
    expect(blame.none).toEqual({ verdict: 'infra', reason: 'edge-unreachable' });
  });

  it('what speaks neither TLS nor HTTP is told from nobody', async () => {
    const address = await listen(
      createRawServer((socket) => {
        socket.end('220 mail.test\r\n\r\n', () => socket.destroySoon());
      }),
    );
    expect((await ask({ scheme: 'http', address, ca: null })).answer).toMatchObject({
      kind: 'none',
      why: expect.stringContaining('does not speak HTTP') as string,
    });
  });

  it('what takes the connection and never answers is told from nobody', async () => {
    const held: Socket[] = [];
    const address = await listen(createRawServer((socket) => void held.push(socket)));
    const { answer } = await ask({ address }, 'localhost', 300);
    for (const socket of held) socket.destroy();
    expect(answer).toMatchObject({
      kind: 'none',
      why: expect.stringMatching(/^no answer within 300 ms; .*: the proxy hangs, or waits/) as string,
    });
  });

  it.each([
    ['of an authority that nobody trusts', 'localhost', null],
    ['for another domain', 'other.test', 'authority.pem'],
  ])('a certificate %s is none of the recipe’s doing', async (_what, domain, ca) => {
    const address = await serve((_request, response) => response.end());
    const { answer, blame } = await ask({ address, ca: ca === null ? null : tls(ca) }, domain);
    expect(answer).toMatchObject({
      kind: 'none',
      why: expect.stringContaining('shows a certificate') as string,
    });
    expect(blame.none).toEqual({ verdict: 'infra', reason: 'edge-unreachable' });
  });

  it('nobody answering is told from a domain that does not resolve', async () => {
    const address = await serve((_request, response) => response.end());
    await new Promise((resolve) => server?.close(resolve));
    server = null;
    expect((await ask({ address })).answer).toMatchObject({
      why: expect.stringContaining('no proxy answers at that address') as string,
    });
    expect((await ask({ address: 'nowhere.invalid:1' })).answer).toMatchObject({
      why: expect.stringContaining('the domain does not resolve') as string,
    });
  });

  it('an authority that cannot be read is infra, and says where it is named', async () => {
    const fault = await faultOf(ask({ address: '127.0.0.1:1', ca: '/nonexistent/root.crt' }));
    expect(fault).toMatchObject({
      verdict: 'infra',
      reason: 'edge-ca-unreadable',
      hint: 'see spec.swarm.edge.ca',
    });
  });
});
