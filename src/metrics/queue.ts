/** What a queue of recipes tells of itself, by the names that client-go gave these series. */
import type { Instruments } from './instruments.ts';

export interface QueueMetrics {
  added(): void;
  /** Put on again after a failure. */
  retried(): void;
  taken(waitedMs: number): void;
  done(workedMs: number): void;
  /** As it is now: how many wait, and how long the longest under way has been. */
  standsAt(depth: number, longestMs: number): void;
}

const labels = { name: 'recipes' };

export function queueMetrics(instruments: Instruments): QueueMetrics {
  const standsAt = (depth: number, longestMs: number): void => {
    instruments.set({ name: 'workqueue_depth', labels, value: depth });
    const longest = longestMs / 1000;
    instruments.set({ name: 'workqueue_longest_running_processor_seconds', labels, value: longest });
  };
  standsAt(0, 0);
  instruments.add('workqueue_adds_total', labels, 0);
  instruments.add('workqueue_retries_total', labels, 0);
  instruments.observe('workqueue_queue_duration_seconds', labels, null);
  instruments.observe('workqueue_work_duration_seconds', labels, null);
  return {
    added: () => instruments.add('workqueue_adds_total', labels),
    retried: () => instruments.add('workqueue_retries_total', labels),
    taken: (waitedMs) => instruments.observe('workqueue_queue_duration_seconds', labels, waitedMs),
    done: (workedMs) => instruments.observe('workqueue_work_duration_seconds', labels, workedMs),
    standsAt,
  };
}
