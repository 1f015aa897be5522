import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { withDeadline } from '../src/deadline.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Waits for nothing but its signal. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('work with a deadline', () => {
  it('ends at it, also when garbage was collected meanwhile', async () => {
    const never = new AbortController();
    const work = withDeadline(200, never.signal, untilAborted);
    setTimeout(collectGarbage, 20);
    await expect(work).rejects.toThrow('no answer within 200 ms');
  });

  it('ends when it is no longer wanted', async () => {
    const stop = new AbortController();
    const work = withDeadline(60_000, stop.signal, untilAborted);
    stop.abort(new Error('stopped'));
    await expect(work).rejects.toThrow('stopped');
  });

  it('gives what came in time, and what went wrong', async () => {
    const { signal } = new AbortController();
    await expect(withDeadline(60_000, signal, async () => 'in time')).resolves.toBe('in time');
    await expect(withDeadline(60_000, signal, () => Promise.reject(new Error('wrong')))).rejects.toThrow(
      'wrong',
    );
  });
});
