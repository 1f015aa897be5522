/** What the queue of the loop takes for its work alone: names that come, are given out, and are done. */
import { openSystemClock } from '../src/clock.ts';
import { PATIENCE_OF_LOOKS } from '../src/reconciler/queue/patience.ts';
import { WorkQueue } from '../src/reconciler/queue.ts';
import { median } from './rounds.ts';

/** Of each: added, given out, done. */
export const OPERATIONS = 100_000;
const KEYS = 1000;

/** Milliseconds for `OPERATIONS` rounds of a thousand names. */
export async function measureQueue(rounds: number): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) took.push(await once());
  return median(took);
}

async function once(): Promise<number> {
  const backoff = { baseMs: 1000, maxMs: 60_000 };
  const queue = new WorkQueue({ clock: openSystemClock(), limit: 16, patience: PATIENCE_OF_LOOKS, backoff });
  for (let key = 0; key < KEYS; key++) queue.add(`recipe-${key}`, 'scan');
  const start = performance.now();
  for (let operation = 0; operation < OPERATIONS; operation++) {
    const given = await queue.get();
    if (given === null) throw new Error('the queue stopped by itself');
    queue.add(given.key, 'scan');
    queue.done(given.key);
  }
  return performance.now() - start;
}
