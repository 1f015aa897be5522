/** Connections that are kept open, on servers that do not keep them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keptAlive } from '../../src/remotes/exchange.ts';

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
    for (let round = 0; round < 2; round++) {
      const asked = Array.from({ length: MANY }, () => exchange({ method: 'GET', url, headers: {} }, limits));
      const bodies = (await Promise.all(asked)).map(({ body }) => body);
      expect(bodies).toEqual(Array.from({ length: MANY }, () => 'an answer'));
    }
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  },
);
