import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CannotRun } from '../../src/reconciler/errors.ts';
import { getPlainly, RawConnection, SECRET, serve } from './serving.ts';

const QUICK = { headersMs: 300, requestMs: 600, checkMs: 50, keepAliveMs: 200, stillMs: 1_500 };

/** Undefined where the connection is refused. */
function statusOf(url: string): Promise<number | undefined> {
  return getPlainly(url).then(
    ({ status }) => status,
    () => undefined,
  );
}

describe('a client that takes its time', () => {
  it('with its headers is answered 408 and hung up on', async () => {
    const { port } = await serve(undefined, { limits: { headersMs: 300, checkMs: 50 } });
    const connection = await RawConnection.open(port);
    connection.say('GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('with its body is answered 408 and hung up on', async () => {
    const { port, operator } = await serve(undefined, { limits: QUICK });
    const connection = await RawConnection.open(port);
    connection.say(
      `POST /hooks/gitea HTTP/1.1\r\nHost: localhost\r\nX-Gitea-Signature: ${'0'.repeat(64)}\r\nContent-Length: 1000\r\n\r\n{`,
    );
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1\.1 408 /);
    expect(operator.wanted).toEqual([]);
  });

  it('with its next request is hung up on', async () => {
    const { port } = await serve(undefined, { limits: QUICK });
    const connection = await RawConnection.open(port);
    connection.say('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await connection.hears(/alive/);
    await connection.closed;
    expect(connection.received).toMatch(/Keep-Alive: timeout=\d/i);
  });

  it('and says nothing at all is hung up on', async () => {
    const { port } = await serve(undefined, { limits: QUICK });
    const connection = await RawConnection.open(port);
    await connection.closed;
    expect(connection.socket.destroyed).toBe(true);
  });

  it('with reading an answer is hung up on', async () => {
    const { port, url, operator } = await serve(undefined, { limits: { stillMs: 300, connections: 1 } });
    operator.exposition = 'x'.repeat(64 * 1024 * 1024);
    const connection = await RawConnection.open(port);
    connection.socket.pause();
    connection.say('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    // There is room for another only once it is gone.
    await expect.poll(() => statusOf(`${url}/healthz`), { timeout: 20_000 }).toBe(200);
    connection.socket.resume();
    await connection.closed;
    expect(connection.received.length).toBeLessThan(operator.exposition.length);
  });
});

describe('a client that says too much', () => {
  it('in its headers is answered 431', async () => {
    const { port } = await serve();
    const connection = await RawConnection.open(port);
    connection.say(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('and no HTTP is answered 400', async () => {
    const { port } = await serve();
    const connection = await RawConnection.open(port);
    connection.say('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n');
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('connections', () => {
  it('are refused beyond their number, and taken again once there is room', async () => {
    const { port, url, logged } = await serve(undefined, { limits: { connections: 3 } });
    const open = [
      await RawConnection.open(port),
      await RawConnection.open(port),
      await RawConnection.open(port),
    ];
    for (const connection of open) {
      connection.say('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await connection.hears(/alive/);
    }
    const fourth = await RawConnection.open(port);
    await fourth.closed;
    expect(fourth.received).toBe('');
    await (
      await RawConnection.open(port)
    ).closed;
    expect(logged.filter((line) => line.includes('connections are refused'))).toHaveLength(1);
    open[0]?.socket.destroy();
    await expect.poll(() => statusOf(`${url}/healthz`)).toBe(200);
  });
});

describe('closing', () => {
  it('waits for what is being answered, and takes nothing new', async () => {
    const { port, close, operator } = await serve();
    let finish = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      operator.metrics = async () => {
        resolve();
        await new Promise<void>((done) => (finish = done));
        return { contentType: 'text/plain', text: 'the last answer\n' };
      };
    });
    const connection = await RawConnection.open(port);
    connection.say('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await asked;
    const closed = close(new AbortController().signal);
    await expect(RawConnection.open(port)).rejects.toThrow('ECONNREFUSED');
    finish();
    await closed;
    await connection.closed;
    expect(connection.received).toContain('the last answer');
  });

  it('ends what reads events, and idle connections', async () => {
    const { port, close } = await serve();
    const [reader, idle] = [await RawConnection.open(port), await RawConnection.open(port)];
    reader.say('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    idle.say('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await reader.hears(/retry: \d+/);
    await idle.hears(/alive/);
    await close(new AbortController().signal);
    await Promise.all([reader.closed, idle.closed]);
    expect(reader.received.endsWith('0\r\n\r\n')).toBe(true);
  });

  it('hangs up at its deadline', async () => {
    const { port, close } = await serve();
    const connection = await RawConnection.open(port);
    connection.say(
      `POST /hooks/gitea HTTP/1.1\r\nHost: localhost\r\nX-Gitea-Signature: ${'0'.repeat(64)}\r\nContent-Length: 9\r\n\r\n{`,
    );
    const deadline = new AbortController();
    const closed = close(deadline.signal);
    deadline.abort();
    await closed;
    await connection.closed;
    expect(connection.socket.destroyed).toBe(true);
  });
});

describe('starting', () => {
  it('says what is in the way, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const address = other.address();
    if (address === null || typeof address === 'string') throw new Error('nothing listens');
    const start = serve(undefined, { port: address.port });
    await expect(start).rejects.toThrow(`could not listen on 127.0.0.1:${address.port}: listen EADDRINUSE`);
    await expect(start).rejects.toSatisfy(
      (error) => error instanceof CannotRun && error.hint?.includes('spec.server') === true,
    );
  });

  it('tells its address, also of IPv6', async () => {
    expect((await serve()).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await serve(undefined, { host: '::1' })).url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  });
});

describe('secrets', () => {
  it('stand in no answer and no line of the log', async () => {
    const { get, logged } = await serve();
    const texts = await Promise.all(
      ['/', '/api/recipes', '/recipes/keycloak', '/metrics'].map(async (path) => (await get(path)).text()),
    );
    const refused = await get('/hooks/gitea', { method: 'POST', body: '{}' });
    expect([...texts, await refused.text(), ...logged].join('\n')).not.toContain(SECRET);
  });
});
