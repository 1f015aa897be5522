import { describe, expect, it } from 'vitest';
import { EventFeed } from '../../src/http/event-feed.ts';
import type { OperatorEvent } from '../../src/http/operator.ts';
import { MadeUpOperator } from './made-up-operator.ts';
import { RawConnection, serve } from './serving.ts';

async function listenOn(port: number, headers = '', path = '/api/events'): Promise<RawConnection> {
  const connection = await RawConnection.open(port);
  connection.say(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  await connection.hears(/retry: \d+\n\n/);
  return connection;
}

function idsIn({ received }: RawConnection): number[] {
  return [...received.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}

function happen(operator: MadeUpOperator, count: number, data: object = {}): void {
  for (let index = 0; index < count; index++)
    operator.events.publish({ type: 'step', recipe: 'gitea', at: '2026-06-21T09:30:00.000Z', data });
}

/** Of those that listen from now on. */
async function oneLeaves({ events }: MadeUpOperator): Promise<void> {
  const subscribe = events.subscribe.bind(events);
  await new Promise<void>((resolve) => {
    events.subscribe = (listener) => {
      const leave = subscribe(listener);
      return () => {
        leave();
        resolve();
      };
    };
  });
}

describe('events', () => {
  it('are told as they happen, each with its number and kind', async () => {
    const { port, operator } = await serve();
    const reader = await listenOn(port);
    expect(reader.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(reader.received.toLowerCase()).toContain('content-type: text/event-stream; charset=utf-8');
    expect(reader.received.toLowerCase()).toContain('cache-control: no-store');
    operator.change('gitea', { message: 'line one\nline two' });
    const [, data = ''] = await reader.hears(/id: 1\nevent: decision\ndata: (.*)\n\n/);
    const event: OperatorEvent = JSON.parse(data);
    expect(event).toMatchObject({ id: 1, type: 'decision', recipe: 'gitea' });
  });

  it('that came before a reader are not told to it, unless it says where it was', async () => {
    const { port, operator } = await serve();
    happen(operator, 5);
    const fresh = await listenOn(port);
    const back = await listenOn(port, 'Last-Event-ID: 3\r\n');
    const asked = await listenOn(port, '', '/api/events?after=4');
    happen(operator, 1);
    await Promise.all([fresh, back, asked].map((reader) => reader.hears(/id: 6\n/)));
    expect([fresh, back, asked].map(idsIn)).toEqual([[6], [4, 5, 6], [5, 6]]);
    expect(back.received).not.toContain('missed');
  });

  it('that are not kept any more are said to be missed', async () => {
    const { port, operator } = await serve();
    happen(operator, 600);
    const reader = await listenOn(port, 'Last-Event-ID: 2\r\n');
    await reader.hears(/id: 600\n/);
    expect(reader.received).toContain('event: missed\n');
    expect(idsIn(reader)).toHaveLength(500);
  });

  it('of an earlier process make a reader look at everything', async () => {
    const { port } = await serve();
    const reader = await listenOn(port, 'Last-Event-ID: 99\r\n');
    await reader.hears(/event: missed\n/);
  });

  it.each(['-1', 'x', '1e3', '9'.repeat(40)])(
    'after a place that is none ("%s") are those to come',
    async (id) => {
      const { port, operator } = await serve();
      happen(operator, 2);
      const reader = await listenOn(port, `Last-Event-ID: ${id}\r\n`);
      happen(operator, 1);
      await reader.hears(/id: 3\n/);
      expect(idsIn(reader)).toEqual([3]);
    },
  );

  it('end no line early, whatever they hold', async () => {
    const { port, operator } = await serve();
    const reader = await listenOn(port);
    happen(operator, 1, { message: 'a\n\nevent: forged\r\ndata: x\u2028' });
    await reader.hears(/id: 1\n[^]*\n\n/);
    expect(reader.received.match(/^event: .*$/gm)).toEqual(['event: step']);
  });
});

describe('readers of events', () => {
  it('hear something while nothing happens', async () => {
    const { port } = await serve(undefined, { limits: { heartbeatMs: 20 } });
    const reader = await listenOn(port);
    await reader.hears(/\n:\n\n[^]*\n:\n\n/);
  });

  it('are refused beyond their number, and taken once another left', async () => {
    const { port, get } = await serve(undefined, { limits: { readers: 2 } });
    const [first] = [await listenOn(port), await listenOn(port)];
    const refused = await get('/api/events');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30']);
    expect(refused.headers.get('content-type')).toBe('application/json; charset=utf-8');
    first.socket.destroy();
    const again = async (): Promise<number> => {
      const response = await get('/api/events');
      await response.body?.cancel();
      return response.status;
    };
    await expect.poll(again).toBe(200);
  });

  it('that take nothing are hung up on, and hold nothing meanwhile', async () => {
    const operator = new MadeUpOperator();
    const { port } = await serve(operator, { limits: { stuckMs: 200, heartbeatMs: 50 } });
    const left = oneLeaves(operator);
    const reader = await listenOn(port);
    reader.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const filling = { text: 'x'.repeat(16 * 1024) };
    // As much as the kernel takes for it, and then a great deal more.
    for (let round = 0; round < 40; round++) {
      happen(operator, 100, filling);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    await left;
    reader.socket.resume();
    await reader.closed;
    expect(idsIn(reader).length).toBeLessThan(4_000);
  });

  it('that are slow, and read on, hear that they missed something', async () => {
    const operator = new MadeUpOperator();
    const { port } = await serve(operator);
    const reader = await listenOn(port);
    reader.socket.pause();
    for (let round = 0; round < 40; round++) {
      happen(operator, 100, { text: 'x'.repeat(16 * 1024) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    reader.socket.resume();
    await reader.hears(/id: 4000\n/);
    expect(reader.received).toContain('event: missed\n');
    const ids = idsIn(reader);
    expect(ids).toEqual([...ids].toSorted((a, b) => a - b));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('leave nothing behind', async () => {
    const operator = new MadeUpOperator();
    let subscribed = 0;
    const feed = new EventFeed();
    operator.events.subscribe = (wake) => {
      subscribed++;
      const leave = feed.subscribe(wake);
      return () => {
        subscribed--;
        leave();
      };
    };
    const { port } = await serve(operator);
    const readers = [await listenOn(port), await listenOn(port)];
    expect(subscribed).toBe(2);
    for (const { socket } of readers) socket.destroy();
    await expect.poll(() => subscribed).toBe(0);
  });
});
