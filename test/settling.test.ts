import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Settling } from '../src/settling.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

function counting() {
  let actions = 0;
  const settling = new Settling(async () => {
    actions++;
  });
  return { settling, actions: () => actions };
}

/** An action that goes on until it is told to end. */
function slow() {
  const log: string[] = [];
  let end = (): void => {};
  const settling = new Settling(async () => {
    log.push('begins');
    await new Promise<void>((resolve) => (end = resolve));
    log.push('ends');
  });
  return { settling, log, end: () => end() };
}

describe('many notifications lead to one action', () => {
  it('that is taken once nothing was heard for a tenth of a second', async () => {
    const { settling, actions } = counting();
    for (let count = 0; count < 5; count++) {
      settling.stir();
      await vi.advanceTimersByTimeAsync(99);
    }
    expect(actions()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(actions()).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(actions()).toBe(1);
  });

  it('but not later than seven tenths after the first, and so for those that go on', async () => {
    const { settling, actions } = counting();
    for (let at = 0; at < 2800; at += 10) {
      settling.stir();
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(actions()).toBe(4);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(actions()).toBe(4);
  });

  it('and what is heard later leads to another', async () => {
    const { settling, actions } = counting();
    settling.stir();
    await vi.advanceTimersByTimeAsync(100);
    settling.stir();
    await vi.advanceTimersByTimeAsync(100);
    expect(actions()).toBe(2);
  });
});

describe('an action', () => {
  it('never overlaps another, and what is heard meanwhile is acted on after it', async () => {
    const { settling, log, end } = slow();
    settling.stir();
    await vi.advanceTimersByTimeAsync(100);
    settling.stir();
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual(['begins']);
    end();
    await vi.advanceTimersByTimeAsync(0);
    expect(log).toEqual(['begins', 'ends', 'begins']);
    end();
    await settling.close();
  });

  it('is awaited at the end, and none is taken after it', async () => {
    const { settling, log, end } = slow();
    settling.stir();
    await vi.advanceTimersByTimeAsync(100);
    settling.stir();
    const closed = settling.close().then(() => log.push('closed'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual(['begins']);
    end();
    await closed;
    settling.stir();
    await vi.advanceTimersByTimeAsync(1000);
    expect(log).toEqual(['begins', 'ends', 'closed']);
  });
});
