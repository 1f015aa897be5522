/** Connections that are kept open, on servers that do not keep them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keptAlive } from '../../src/remotes/kept-alive.ts';

const MANY = 40;
const tls = (name: string): URL => new URL(`../fixtures/tls/${name}`, import.meta.url);

beforeEach(() => {
  vi.stubEnv('GIT_SSL_CAINFO', fileURLToPath(tls('authority.pem')));
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Offers to keep every connection open, and ends it without a word once it is used again. */
function onceOnly(): RequestListener {
  const used = new WeakSet<Socket>();
  return ({ socket }, response) => {
    if (used.has(socket)) socket.destroy();
    else response.end('an answer');
    used.add(socket);
  };
}

it.each(['http', 'https'])(
  'a server that keeps no connection for a second question answers all the same (%s)',
  async (scheme) => {
    const server =
      scheme === 'http'
        ? createServer(onceOnly())
        : createSecureServer(
            { key: readFileSync(tls('server.key')), cert: readFileSync(tls('server.pem')) },
            onceOnly(),
          );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const exchange = keptAlive();
    const limits = { timeoutMs: 20_000, longest: 1000, signal: new AbortController().signal };
    const ask = async () => (await exchange({ method: 'GET', url, headers: {} }, limits)).body;
    const atOnce = await Promise.all(Array.from({ length: MANY }, ask));
    // One after the other: each finds many connections that were kept open, all of them as stale.
    const after: string[] = [];
    for (let time = 0; time < MANY; time++) after.push(await ask());
    expect([...atOnce, ...after]).toEqual(Array.from({ length: 2 * MANY }, () => 'an answer'));
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  },
);
