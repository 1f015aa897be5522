/** Gives out the keys of a queue to the work that each is for. How many are at work at a time is the queue's to say. */
import type { Given, WorkQueue } from '../queue.ts';

/** Until the queue has stopped. `failed`: an error that no work should throw. */
export async function dispatch(
  queue: WorkQueue,
  work: (given: Given) => Promise<void>,
  failed: (error: unknown) => void,
): Promise<void> {
  for (let given = await queue.get(); given !== null; given = await queue.get()) {
    const { key } = given;
    void work(given)
      .catch(failed)
      .finally(() => queue.done(key));
  }
}
