/**
 * The newest events, and who waits for more. Nothing is kept for a reader: each has a place in the one list, and one that
 * is slower than events come finds that it missed some. So readers cost nothing but their connection.
 */
import type { Events, OperatorEvent } from './operator.ts';

interface EventFeedOptions {
  /**
   * The number before that of the first event. A later process should begin higher than an earlier one ended, as the time
   * in milliseconds does: then a reader that comes back is told that it missed something.
   */
  lastId?: number;
  /** How many events are kept. */
  kept?: number;
}

const KEPT = 500;

export class EventFeed implements Events {
  readonly #kept: number;
  readonly #wakers = new Set<() => void>();
  #events: readonly OperatorEvent[] = [];
  #lastId: number;

  constructor({ lastId = 0, kept = KEPT }: EventFeedOptions = {}) {
    this.#lastId = lastId;
    this.#kept = kept;
  }

  get lastId(): number {
    return this.#lastId;
  }

  publish(event: Omit<OperatorEvent, 'id'>): void {
    this.#lastId++;
    this.#events = [...this.#events.slice(1 - this.#kept), { ...event, id: this.#lastId }];
    for (const wake of this.#wakers) wake();
  }

  after(id: number): { missed: boolean; events: readonly OperatorEvent[] } {
    // A place that is still to come is another process's.
    if (id > this.#lastId) return { missed: true, events: this.#events };
    const count = this.#lastId - id;
    const events = count === 0 ? [] : this.#events.slice(-count);
    return { missed: events.length < count, events };
  }

  subscribe(wake: () => void): () => void {
    // Wrapped, so that whoever subscribes twice is woken twice and leaves once.
    const waker = (): void => wake();
    this.#wakers.add(waker);
    return () => void this.#wakers.delete(waker);
  }
}
