/** Plain exchanges share few connections; what is not plain comes back as nothing, and hangs on nobody. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { NoAnswer, type Exchange } from '../../src/remotes/exchange.ts';
import { Wires } from '../../src/remotes/wires.ts';

const LIMITS = { timeoutMs: 20_000, longest: 1000, signal: new AbortController().signal };
const PLAIN = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody';
let server: Server;
let connections: Socket[];
let heard: string[];

/** Says so whenever a question came. */
async function answering(answer: (socket: Socket, count: number) => void): Promise<URL> {
  [connections, heard] = [[], []];
  server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      heard.push(String(data));
      answer(socket, heard.length);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a%20b?c`);
}

afterEach(async () => {
  for (const socket of connections) socket.destroy();
  server.close();
  await once(server, 'close');
});

const asking = (url: URL, over: Partial<Exchange> = {}): Exchange => ({
  method: 'POST',
  url,
  headers: { accept: 'x', 'content-length': 4 },
  body: 'what',
  ...over,
});

test('one connection serves one question after the other', async () => {
  const url = await answering((socket) => socket.write(PLAIN));
  const wires = new Wires();
  for (let time = 0; time < 3; time++)
    expect(await wires.ask(asking(url), LIMITS)).toMatchObject({ status: 200, body: 'body' });
  expect(connections).toHaveLength(1);
  expect(heard[0]).toBe(
    `POST /a%20b?c HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\naccept: x\r\ncontent-length: 4\r\n\r\nwhat`,
  );
});

test('a connection that is not kept, or on which something else comes, is not used again', async () => {
  const closing = PLAIN.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  const url = await answering((socket, count) => socket.write(count === 1 ? closing : PLAIN));
  const wires = new Wires();
  await wires.ask(asking(url), LIMITS);
  await wires.ask(asking(url), LIMITS);
  expect(connections).toHaveLength(2);
  const [, second] = connections;
  const ended = once(second as Socket, 'close');
  second?.write('HTTP/1.1 200 OK\r\n');
  await ended;
  expect(await wires.ask(asking(url), LIMITS)).toMatchObject({ body: 'body' });
  expect(connections).toHaveLength(3);
});

test('a connection that was kept and is stale says nothing; one that breaks says so', async () => {
  const url = await answering((socket, count) => (count === 1 ? socket.write(PLAIN) : socket.destroy()));
  const wires = new Wires();
  await wires.ask(asking(url), LIMITS);
  expect(await wires.ask(asking(url), LIMITS)).toBeNull();
  await expect(wires.ask(asking(url), LIMITS)).rejects.toThrow('closed in the middle');
});

test('nothing is asked that is not plain', async () => {
  const url = await answering((socket) => socket.write(PLAIN));
  const wires = new Wires();
  const secret = { authorization: 'Basic x\r\nx-injected: yes' };
  expect(await wires.ask(asking(url, { headers: secret }), LIMITS)).toBeNull();
  expect(await wires.ask(asking(new URL('https://127.0.0.1/')), LIMITS)).toBeNull();
  expect(heard).toEqual([]);
});

test('what is no plain answer, and what never comes, is nobody’s answer', async () => {
  const url = await answering((socket, count) => count === 1 && socket.write('HTTP/1.1 200 OK\r\n\r\n'));
  const wires = new Wires();
  expect(await wires.ask(asking(url), LIMITS)).toBeNull();
  await expect(wires.ask(asking(url), { ...LIMITS, timeoutMs: 1 })).rejects.toThrow(NoAnswer);
  const stop = new AbortController();
  const asked = wires.ask(asking(url), { ...LIMITS, signal: stop.signal });
  stop.abort(new Error('stopped'));
  await expect(asked).rejects.toThrow('stopped');
});
