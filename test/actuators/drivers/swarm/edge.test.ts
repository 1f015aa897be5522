/** Health at the edge: what an answer, or none, at the public address says, and through which door it is asked. */
import { readFile } from 'node:fs/promises';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
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
  const started = secure ? createServer(credentials, listener) : createPlainServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(started.address() as AddressInfo).port}`;
}

const ask = async (over: Partial<Edge>, domain = 'localhost') => {
  const edge: Edge = { scheme: 'https', address: null, ca: tls('authority.pem'), ...over };
  return await askEdge(edge, domain, health, 5000, new AbortController().signal);
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
