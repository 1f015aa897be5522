import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorkQueue, type QueueMetrics, type QueueOptions } from '../../src/reconciler/queue.ts';
import { PATIENCE_OF_LOOKS, PATIENCE_OF_TRIALS } from '../../src/reconciler/queue/patience.ts';
import { FakeClock } from './queue/fake-clock.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

function open(options: Partial<QueueOptions> = {}, clock = new FakeClock()) {
  const queue = new WorkQueue({
    clock,
    limit: 1,
    patience: PATIENCE_OF_LOOKS,
    backoff: { baseMs: 1000, maxMs: 8000 },
    ...options,
  });
  return { queue, clock };
}

/** What is given out without waiting; null where nothing is. */
async function take(queue: WorkQueue): Promise<string | null> {
  const nothing = Symbol('nothing');
  const given = queue.get();
  const first = await Promise.race([given, settled().then(() => nothing)]);
  return typeof first === 'symbol' ? null : (first?.key ?? null);
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}

/** Takes and finishes until nothing is left. Only the last `get` stays open. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const keys: string[] = [];
  for (let key = await take(queue); key !== null; key = await take(queue)) {
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

/** A worker that makes observed what is desired. It reads first and writes later: what changes in between it misses. */
async function copy(
  queue: WorkQueue,
  desired: ReadonlyMap<string, number>,
  observed: Map<string, number>,
): Promise<void> {
  for (let given = await queue.get(); given !== null; given = await queue.get()) {
    const read = desired.get(given.key) ?? -1;
    await settled();
    observed.set(given.key, read);
    queue.done(given.key);
  }
}

describe('a key is given out once for all that was added before', () => {
  it('a hundred deliveries of a request are one look', async () => {
    const { queue } = open();
    for (let count = 0; count < 100; count++) queue.add('app', 'webhook');
    expect(await takeAll(queue)).toEqual(['app']);
  });

  it('every event lost, or each delivered a hundred times: after one look at everything the end is the same', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const edits = fc.array(
      fc.record({ key: fc.constantFrom(...names), deliveries: fc.constantFrom(0, 1, 2, 100) }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(edits, fc.integer({ min: 1, max: 4 }), async (all, limit) => {
        const { queue } = open({ limit });
        const desired = new Map(names.map((name) => [name, 0]));
        const observed = new Map<string, number>();
        const workers = Array.from({ length: limit }, () => copy(queue, desired, observed));
        for (const { key, deliveries } of all) {
          desired.set(key, (desired.get(key) ?? 0) + 1);
          for (let count = 0; count < deliveries; count++) queue.add(key, 'edit');
          await Promise.resolve();
        }
        for (const name of names) queue.add(name, 'scan');
        while (queue.depth > 0) await Promise.resolve();
        expect(await queue.drain(new AbortController().signal)).toEqual([]);
        await Promise.all(workers);
        expect(Object.fromEntries(observed)).toEqual(Object.fromEntries(desired));
      }),
      { numRuns: 500 },
    );
  });

  it('every key is looked at again after its last delivery, though it was in process then', async () => {
    const { queue } = open({ limit: 2 });
    const desired = new Map([['a', 1]]);
    const observed = new Map<string, number>();
    const worker = copy(queue, desired, observed);
    queue.add('a', 'webhook');
    await Promise.resolve();
    desired.set('a', 2);
    queue.add('a', 'webhook');
    while (queue.depth > 0) await Promise.resolve();
    await queue.drain(new AbortController().signal);
    await worker;
    expect(observed.get('a')).toBe(2);
  });

  it('a key that is wanted later and now is given out once, now', async () => {
    const { queue, clock } = open();
    queue.add('app', 'retry', MINUTE);
    queue.add('app', 'scan');
    expect(await takeAll(queue)).toEqual(['app']);
    clock.advance(DAY);
    expect(queue.depth).toBe(0);
  });
});

describe('no key is in process twice at once', () => {
  it('added while it is in process, it is given out once more after that', async () => {
    const { queue } = open({ limit: 4 });
    queue.add('app', 'scan');
    expect(await take(queue)).toBe('app');
    for (let count = 0; count < 100; count++) queue.add('app', 'person');
    const next = queue.get();
    await settled();
    expect(queue.depth).toBe(1);
    queue.done('app');
    expect(await next).toEqual({ key: 'app', cause: 'person' });
    queue.done('app');
    expect(await take(queue)).toBeNull();
  });

  it('a delay that ends while it is in process makes it wanted once more after that', async () => {
    const { queue, clock } = open({ limit: 4 });
    queue.add('app', 'scan');
    await queue.get();
    queue.add('app', 'retry', MINUTE);
    clock.advance(2 * MINUTE);
    const next = queue.get();
    await settled();
    queue.done('app');
    expect(await next).toEqual({ key: 'app', cause: 'retry' });
  });

  it('done is only what was given out', () => {
    const { queue } = open();
    queue.add('app', 'scan');
    expect(() => queue.done('app')).toThrow('app was said to be done, but it is not in process');
  });
});

describe('the limit', () => {
  it('holds: workers beyond it wait until one is done', async () => {
    const { queue } = open({ limit: 2 });
    for (const key of ['a', 'b', 'c']) queue.add(key, 'scan');
    await queue.get();
    await queue.get();
    const third = queue.get();
    await settled();
    expect(queue.depth).toBe(1);
    queue.done('a');
    expect((await third)?.key).toBe('c');
  });

  it('raised, it lets waiting workers go on; lowered, it lets those in process end', async () => {
    const { queue } = open({ limit: 1 });
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key, 'scan');
    await queue.get();
    const second = queue.get();
    await settled();
    queue.limitTo(2);
    expect((await second)?.key).toBe('b');
    queue.limitTo(1);
    queue.done('a');
    expect(await take(queue)).toBeNull();
    queue.done('b');
    expect(queue.depth).toBe(1);
  });
});

describe('the most urgent comes first, and waiting makes urgent', () => {
  it.each([
    ['looks', PATIENCE_OF_LOOKS],
    ['trials', PATIENCE_OF_TRIALS],
  ])('of %s, by cause: a person, a webhook, a manifest, a release, a retry, a scan', async (_, patience) => {
    const { queue } = open({ patience });
    const causes = ['scan', 'retry', 'release', 'edit', 'webhook', 'person'] as const;
    for (const cause of causes) queue.add(cause, cause);
    expect(await takeAll(queue)).toEqual(causes.toReversed());
  });

  it('among equals, the first to be wanted', async () => {
    const { queue } = open();
    for (const key of ['c', 'a', 'b']) queue.add(key, 'scan');
    expect(await takeAll(queue)).toEqual(['c', 'a', 'b']);
  });

  it('a key that was added for a scan becomes as urgent as the person who then asks for it', async () => {
    const { queue } = open();
    for (const key of ['a', 'b', 'c']) queue.add(key, 'scan');
    queue.add('c', 'person');
    expect(await queue.get()).toEqual({ key: 'c', cause: 'person' });
  });

  it('a key does not become less urgent by being added again', async () => {
    const { queue } = open();
    queue.add('a', 'webhook');
    queue.add('b', 'edit');
    queue.add('a', 'scan');
    expect(await takeAll(queue)).toEqual(['a', 'b']);
  });

  it('what waited longer than its patience is overtaken by nobody who comes now', async () => {
    const { queue, clock } = open();
    queue.add('scanned', 'scan');
    clock.advance(PATIENCE_OF_LOOKS.scan + 1);
    queue.add('asked', 'person');
    expect(await takeAll(queue)).toEqual(['scanned', 'asked']);
  });

  it('under a stream of urgent keys that never ends, a scan is given out when its patience ends', async () => {
    const { queue, clock } = open();
    queue.add('scanned', 'scan');
    let given = 0;
    for (; (await take(queue)) !== 'scanned'; given++) {
      queue.done(`asked-${given}`);
      clock.advance(1000);
      queue.add(`asked-${given + 1}`, 'person');
      if (given === 0) queue.add('asked-1', 'person');
    }
    expect(given).toBeLessThanOrEqual(PATIENCE_OF_LOOKS.scan / 1000 + 2);
  });
});

describe('a delayed key', () => {
  it('is not given out before its time, and then wakes a waiting worker', async () => {
    const { queue, clock } = open();
    queue.add('app', 'retry', MINUTE);
    const given = queue.get();
    clock.advance(MINUTE - 1);
    expect(queue.depth).toBe(0);
    clock.advance(1);
    expect((await given)?.key).toBe('app');
  });

  it('of several delays the shortest counts, in whatever order they come', async () => {
    for (const delays of [
      [3, 1, 2],
      [1, 2, 3],
      [2, 3, 1],
    ]) {
      const { queue, clock } = open();
      for (const minutes of delays) queue.add('app', 'retry', minutes * MINUTE);
      clock.advance(MINUTE);
      expect(await takeAll(queue)).toEqual(['app']);
      clock.advance(DAY);
      expect(queue.depth).toBe(0);
    }
  });

  it('a delay of months does not overflow the timer that waits for it', async () => {
    const { queue, clock } = open();
    queue.add('app', 'retry', 90 * DAY);
    clock.advance(90 * DAY - 1);
    expect(queue.depth).toBe(0);
    clock.advance(1);
    expect(await take(queue)).toBe('app');
    expect(Math.max(...clock.lengths)).toBeLessThan(2 ** 31);
  });

  it('an alarm that rings early is set again', async () => {
    const rings: (() => void)[] = [];
    const { queue, clock } = open({
      clock: {
        uptime: () => clock.uptime(),
        random: () => 0,
        alarm: (_, ring) => (rings.push(ring), () => {}),
      },
    });
    queue.add('app', 'retry', MINUTE);
    clock.advance(MINUTE - 5);
    rings.shift()?.();
    expect(queue.depth).toBe(0);
    clock.advance(5);
    rings.shift()?.();
    expect(await take(queue)).toBe('app');
  });
});

describe('backoff', () => {
  const delays = (queue: WorkQueue, inputs: readonly string[]) =>
    inputs.map((each) => queue.retry('app', each));

  it('doubles with every failure on the same inputs, up to its maximum', () => {
    const { queue } = open({}, new FakeClock(() => 1));
    expect(delays(queue, ['x', 'x', 'x', 'x', 'x', 'x'])).toEqual([1000, 2000, 4000, 8000, 8000, 8000]);
  });

  it('draws from the whole delay', () => {
    const draws = [0, 0.25, 0.999];
    const { queue } = open({}, new FakeClock(() => draws.shift() ?? 0));
    expect(delays(queue, ['x', 'x', 'x'])).toEqual([0, 500, 3996]);
  });

  it('begins anew when an input changed', () => {
    const { queue } = open({}, new FakeClock(() => 1));
    expect(delays(queue, ['x', 'x', 'y', 'y', 'x'])).toEqual([1000, 2000, 1000, 2000, 1000]);
  });

  it('begins anew after a success, of that key alone', () => {
    const { queue } = open({}, new FakeClock(() => 1));
    delays(queue, ['x', 'x']);
    queue.retry('other', 'x');
    queue.forget('app');
    expect(queue.retry('app', 'x')).toBe(1000);
    expect(queue.retry('other', 'x')).toBe(2000);
  });

  it('does not overflow after years of failures', () => {
    const { queue } = open({}, new FakeClock(() => 1));
    for (let count = 0; count < 5000; count++) queue.retry('app', 'x');
    expect(queue.retry('app', 'x')).toBe(8000);
  });

  it('ends early for whoever asks', async () => {
    const { queue } = open({}, new FakeClock(() => 1));
    queue.add('app', 'scan');
    await queue.get();
    queue.retry('app', 'x');
    queue.done('app');
    queue.add('app', 'person');
    expect(await queue.get()).toEqual({ key: 'app', cause: 'person' });
  });
});

describe('what a key needs', () => {
  const needs = (needed: Record<string, readonly string[]>) => (key: string) => needed[key] ?? [];

  it('is never in process beside it, in either order', async () => {
    const { queue } = open({ limit: 9, needs: needs({ app: ['db'] }) });
    queue.add('app', 'scan');
    expect(await take(queue)).toBe('app');
    queue.add('db', 'person');
    const next = queue.get();
    await settled();
    expect(queue.depth).toBe(1);
    queue.add('app', 'person');
    queue.done('app');
    expect((await next)?.key).toBe('db');
    expect(await take(queue)).toBeNull();
  });

  it('is shared with others that need it', async () => {
    const { queue } = open({ limit: 9, needs: needs({ a: ['db'], b: ['db'] }) });
    for (const key of ['a', 'b']) queue.add(key, 'scan');
    expect([await take(queue), await take(queue)]).toEqual(['a', 'b']);
  });

  it('goes before it where both are wanted, at its place in the line', async () => {
    const { queue } = open({ limit: 1, needs: needs({ app: ['cache', 'db'], cache: ['db'] }) });
    queue.add('app', 'person');
    queue.add('elsewhere', 'webhook');
    for (const key of ['cache', 'db']) queue.add(key, 'scan');
    expect(await takeAll(queue)).toEqual(['db', 'cache', 'app', 'elsewhere']);
  });

  it('is not kept from its turn by a stream of those that need it', async () => {
    const { queue } = open({ limit: 2, needs: needs({ a: ['db'], b: ['db'], c: ['db'] }) });
    for (const key of ['a', 'b']) queue.add(key, 'scan');
    expect([await take(queue), await take(queue)]).toEqual(['a', 'b']);
    queue.add('db', 'person');
    queue.add('c', 'scan');
    queue.done('a');
    expect(await take(queue)).toBeNull();
    queue.done('b');
    expect(queue.depth).toBe(1);
  });

  it('goes before it once only, however often it is wanted', async () => {
    const { queue } = open({ limit: 1, needs: needs({ app: ['db'] }) });
    queue.add('app', 'scan');
    queue.add('db', 'scan');
    expect(await take(queue)).toBe('db');
    queue.add('db', 'scan');
    queue.done('db');
    expect(await take(queue)).toBe('app');
  });

  it('does not hold up what has nothing to do with it', async () => {
    const { queue } = open({ limit: 2, needs: needs({ app: ['db'] }) });
    queue.add('db', 'scan');
    expect(await take(queue)).toBe('db');
    queue.add('app', 'person');
    queue.add('elsewhere', 'scan');
    expect(await take(queue)).toBe('elsewhere');
  });

  it('counts as it was when the key was given out, whatever a manifest says since', async () => {
    const needed: Record<string, readonly string[]> = { app: ['db'] };
    const { queue } = open({ limit: 2, needs: needs(needed) });
    queue.add('app', 'scan');
    await queue.get();
    needed['app'] = [];
    queue.add('db', 'scan');
    const next = queue.get();
    await settled();
    expect(queue.depth).toBe(1);
    queue.done('app');
    expect((await next)?.key).toBe('db');
  });

  it('in a circle blocks nobody for ever', async () => {
    const { queue } = open({ limit: 2, needs: needs({ a: ['b'], b: ['a'] }) });
    for (const key of ['a', 'b']) queue.add(key, 'scan');
    expect((await takeAll(queue)).toSorted()).toEqual(['a', 'b']);
  });
});

describe('it ends', () => {
  it('workers that wait are told so, and nothing more is given out or taken in', async () => {
    const { queue, clock } = open();
    const waiting = queue.get();
    queue.add('later', 'retry', MINUTE);
    queue.stop();
    expect(clock.pending).toBe(0);
    expect(await waiting).toBeNull();
    queue.add('app', 'person');
    clock.advance(DAY);
    expect(await queue.get()).toBeNull();
    expect(queue.depth).toBe(0);
  });

  it('waits for what is in process, and gives out none of what was wanted again', async () => {
    const { queue } = open({ limit: 2 });
    for (const key of ['a', 'b', 'c']) queue.add(key, 'scan');
    await queue.get();
    await queue.get();
    queue.add('a', 'person');
    let drained: readonly string[] | null = null;
    const drain = queue.drain(new AbortController().signal).then((left) => (drained = left));
    queue.done('a');
    await settled();
    expect(drained).toBeNull();
    queue.done('b');
    await drain;
    expect(drained).toEqual([]);
    expect(await queue.get()).toBeNull();
  });

  it('ends at the deadline, and says what was not done', async () => {
    const { queue } = open({ limit: 2 });
    for (const key of ['a', 'b']) queue.add(key, 'scan');
    await queue.get();
    await queue.get();
    const deadline = new AbortController();
    const drain = queue.drain(deadline.signal);
    queue.done('a');
    deadline.abort();
    expect(await drain).toEqual(['b']);
    queue.done('b');
    expect(await queue.drain(deadline.signal)).toEqual([]);
  });
});

describe('what it tells', () => {
  it('depth, additions, waiting, work, retries and the longest in process', async () => {
    const told: [string, number][] = [];
    const tell = (what: string) => (value?: number) => void told.push([what, value ?? 1]);
    const metrics: QueueMetrics = {
      depth: tell('depth'),
      added: tell('added'),
      waited: tell('waited'),
      worked: tell('worked'),
      retried: tell('retried'),
    };
    const { queue, clock } = open({ metrics }, new FakeClock(() => 1));
    expect(queue.longestRunningMs).toBe(0);
    queue.add('app', 'scan');
    queue.add('app', 'scan');
    clock.advance(30);
    await queue.get();
    clock.advance(500);
    expect(queue.longestRunningMs).toBe(500);
    queue.retry('app', 'x');
    queue.done('app');
    clock.advance(1000);
    const sum = (what: string) =>
      told.filter(([name]) => name === what).reduce((total, [, value]) => total + value, 0);
    expect(told.findLast(([name]) => name === 'depth')).toEqual(['depth', 1]);
    expect([sum('added'), sum('waited'), sum('worked'), sum('retried')]).toEqual([2, 30, 500, 1]);
    expect(queue.longestRunningMs).toBe(0);
  });
});
