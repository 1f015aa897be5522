/** Rounds on a clock that goes on when it is told to. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Rounds } from '../../../src/reconciler/controller/rounds.ts';
import { FakeClock } from '../queue/fake-clock.ts';

const MINUTE = 60_000;

class WallClock extends FakeClock {
  now(): Date {
    return new Date(this.ms);
  }
}

let clock: WallClock;
let names: string[];
let begun: number;
let ended: Date[];
let failures: unknown[];
let intervalMs: number;
let fault: Error | null;
let rounds: Rounds;
/** Rounds read manifests, and so take a while. */
const settle = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

function open(random = 0.5): void {
  clock = new WallClock(() => random);
  rounds = new Rounds({
    clock,
    intervalMs: () => intervalMs,
    begin: async () => {
      begun += 1;
      if (fault !== null) throw fault;
      return await Promise.resolve(names);
    },
    ended: async (startedAt) => {
      ended.push(startedAt);
      await Promise.resolve();
    },
    failed: (error) => failures.push(error),
  });
}

beforeEach(() => {
  [names, begun, ended, failures, intervalMs, fault] = [['a', 'b'], 0, [], [], 10 * MINUTE, null];
  open();
});

describe('a round', () => {
  it('ends once each of its recipes was looked at since it began, in whatever order', async () => {
    await rounds.begin();
    await rounds.looked('b', clock.ms);
    await rounds.looked('b', clock.ms);
    expect(ended).toEqual([]);
    await rounds.looked('a', clock.ms);
    expect(ended).toEqual([new Date(1000)]);
  });

  it('does not count looks that began before it did', async () => {
    await rounds.begin();
    await rounds.looked('a', clock.ms - 1);
    await rounds.looked('b', clock.ms);
    expect(ended).toEqual([]);
    await rounds.looked('a', clock.ms);
    expect(ended).toHaveLength(1);
  });

  it('of nothing ends at once', async () => {
    names = [];
    await rounds.begin();
    expect(ended).toHaveLength(1);
  });

  it('comes again after each interval', async () => {
    names = [];
    await rounds.begin();
    clock.advance(10 * MINUTE);
    await settle();
    clock.advance(10 * MINUTE);
    await settle();
    expect(begun).toBe(3);
  });

  it.each([
    [0, 9 * MINUTE],
    [1, 11 * MINUTE],
  ])('comes up to a tenth earlier or later, by chance: %d', async (random, after) => {
    open(random);
    names = [];
    await rounds.begin();
    clock.advance(after - 1);
    await settle();
    expect(begun).toBe(1);
    clock.advance(1);
    await settle();
    expect(begun).toBe(2);
  });

  it('that is late is finished before another begins', async () => {
    await rounds.begin();
    clock.advance(10 * MINUTE);
    await settle();
    expect(begun).toBe(1);
    for (const name of names) await rounds.looked(name, clock.ms);
    expect(ended).toEqual([new Date(1000)]);
    clock.advance(10 * MINUTE);
    await settle();
    expect(begun).toBe(2);
  });

  it('comes sooner once the interval was made shorter', async () => {
    names = [];
    await rounds.begin();
    intervalMs = MINUTE;
    rounds.rearm();
    clock.advance(MINUTE);
    await settle();
    expect(begun).toBe(2);
  });

  it('that cannot begin is told, and comes again', async () => {
    names = [];
    await rounds.begin();
    fault = new Error('no manifest can be read');
    clock.advance(10 * MINUTE);
    await settle();
    expect(failures).toEqual([fault]);
    fault = null;
    clock.advance(10 * MINUTE);
    await settle();
    expect(ended).toHaveLength(2);
  });

  it('does not come once it was stopped', async () => {
    names = [];
    await rounds.begin();
    rounds.stop();
    clock.advance(60 * MINUTE);
    await settle();
    expect(begun).toBe(1);
    expect(clock.pending).toBe(0);
  });
});
