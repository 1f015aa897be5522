/** The loop's three queues: of looks, of trials, and of mirrors that are to be made equal to upstream. */
import type { Backoff, FleetConfig } from '../model.ts';
import type { Clock } from '../ports.ts';
import { WorkQueue, type QueueMetrics } from '../queue.ts';
import { PATIENCE_OF_LOOKS, PATIENCE_OF_TRIALS } from '../queue/patience.ts';
import { AT_ONCE } from '../sync-mirrors.ts';

export interface Queues {
  looks: WorkQueue;
  trials: WorkQueue;
  mirrors: WorkQueue;
}

export type QueuesMetrics = Readonly<Record<'recipes' | 'trials' | 'mirrors', QueueMetrics>>;

/** Until a configuration was read. */
const LOOKS_AT_ONCE = 16;
const TRIALS_AT_ONCE = 1;

/** An upstream that is back should not wait for long; nor should one that is not be asked all the time. */
const OF_LOOKS: Backoff = { baseMs: 10_000, maxMs: 600_000 };
/** Of syncs that fail, and of trials of which not even that can be stored. */
const OF_ACTS: Backoff = { baseMs: 30_000, maxMs: 3_600_000 };

export function openQueues(
  clock: Clock,
  metrics: QueuesMetrics,
  needs: (recipe: string) => readonly string[],
): Queues {
  const looks = { clock, limit: LOOKS_AT_ONCE, patience: PATIENCE_OF_LOOKS, backoff: OF_LOOKS };
  const trials = { clock, limit: TRIALS_AT_ONCE, patience: PATIENCE_OF_TRIALS, backoff: OF_ACTS, needs };
  const mirrors = { clock, limit: AT_ONCE, patience: PATIENCE_OF_LOOKS, backoff: OF_ACTS };
  return {
    looks: new WorkQueue({ ...looks, metrics: metrics.recipes }),
    trials: new WorkQueue({ ...trials, metrics: metrics.trials }),
    mirrors: new WorkQueue({ ...mirrors, metrics: metrics.mirrors }),
  };
}

export function limitTo({ looks, trials }: Queues, { concurrency }: FleetConfig): void {
  looks.limitTo(concurrency.observe);
  trials.limitTo(concurrency.trials);
}
