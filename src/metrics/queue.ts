/** What the loop's queues tell of themselves, by the names that client-go gave these series. */
import type { QueueMetrics } from '../reconciler/queue.ts';
import type { Instruments } from './instruments.ts';
import type { QueueName } from './label-values.ts';

/** The series exist from now on. */
export function queueMetrics(instruments: Instruments, name: QueueName): QueueMetrics {
  const labels = { name };
  const depth = (value: number): void => instruments.set({ name: 'workqueue_depth', labels, value });
  depth(0);
  showLongest(instruments, name, 0);
  instruments.add('workqueue_adds_total', labels, 0);
  instruments.add('workqueue_retries_total', labels, 0);
  instruments.observe('workqueue_queue_duration_seconds', labels, null);
  instruments.observe('workqueue_work_duration_seconds', labels, null);
  return {
    depth,
    added: () => instruments.add('workqueue_adds_total', labels),
    retried: () => instruments.add('workqueue_retries_total', labels),
    waited: (ms) => instruments.observe('workqueue_queue_duration_seconds', labels, ms),
    worked: (ms) => instruments.observe('workqueue_work_duration_seconds', labels, ms),
  };
}

export function showLongest(instruments: Instruments, name: QueueName, ms: number): void {
  const series = 'workqueue_longest_running_processor_seconds';
  instruments.set({ name: series, labels: { name }, value: ms / 1000 });
}
