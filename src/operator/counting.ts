/** What the loop does, as Prometheus is told of it. */
import type { Metrics } from '../metrics/metrics.ts';
import type { LoopEvent } from '../reconciler/controller/events.ts';

export function count(metrics: Metrics, event: LoopEvent, now: Date): void {
  switch (event.type) {
    case 'looked':
      metrics.looked(event.row, event.unread, event.mirrorFailed);
      return;
    case 'gone':
      metrics.gone(event.recipe);
      return;
    case 'trial':
      metrics.trialEvent(event.event);
      return;
    case 'round-ended':
      metrics.roundEnded({ ...event.result, strays: event.strays, isStored: event.isStored }, now);
      return;
    // What holds for the whole fleet is asked for at each scrape.
    case 'fleet-changed':
    case 'trouble':
      return;
  }
}
