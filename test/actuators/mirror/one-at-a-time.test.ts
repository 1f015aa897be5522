import { describe, expect, it } from 'vitest';
import { OneAtATime } from '../../../src/actuators/mirror/one-at-a-time.ts';

/** Work that lasts until somebody ends it, and says when it has begun. */
function workOf(name: string, began: string[]): { work: () => Promise<void>; end: () => void } {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const work = async (): Promise<void> => {
    began.push(name);
    await ended;
  };
  return { work, end };
}

describe('one at a time', () => {
  const { signal } = new AbortController();

  it('lets those of one key wait for each other in their order, and those of another not at all', async () => {
    const began: string[] = [];
    const turns = new OneAtATime();
    const [first, second, other] = [workOf('1', began), workOf('2', began), workOf('other', began)];
    const running = [
      turns.during('a', signal, first.work),
      turns.during('a', signal, second.work),
      turns.during('b', signal, other.work),
    ];
    other.end();
    await running[2];
    expect(began).toEqual(['1', 'other']);
    first.end();
    await running[0];
    second.end();
    await Promise.all(running);
    expect(began).toEqual(['1', 'other', '2']);
  });

  it('goes on after one that failed', async () => {
    const turns = new OneAtATime();
    const failed = turns.during('a', signal, () => Promise.reject(new Error('no')));
    const next = turns.during('a', signal, async () => 'yes');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });

  it('lets one that is aborted go at once, and nobody pass whom it waited for', async () => {
    const began: string[] = [];
    const turns = new OneAtATime();
    const first = workOf('first', began);
    const abort = new AbortController();
    const running = turns.during('a', signal, first.work);
    const given = turns.during('a', abort.signal, workOf('never', began).work);
    const last = turns.during('a', signal, async () => void began.push('last'));
    abort.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    expect(began).toEqual(['first']);
    first.end();
    await Promise.all([running, last]);
    expect(began).toEqual(['first', 'last']);
  });
});
