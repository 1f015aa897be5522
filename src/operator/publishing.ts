/** What the loop does, as those are told who have its pages open: that something happened, and to whom. */
import type { EventFeed } from '../http/event-feed.ts';
import type { LoopEvent } from '../reconciler/controller/events.ts';
import type { TrialEvent } from '../reconciler/trial-run.ts';

export function publish(feed: EventFeed, event: LoopEvent, at: string): void {
  switch (event.type) {
    case 'looked': {
      if (!event.isNews) return;
      const { recipe, decision, drift, reason, message, nextAt, suspended, damage } = event.row;
      const was = event.before?.decision ?? null;
      const data = { decision, drift, reason, message, nextAt, suspended, damage, was };
      feed.publish({ type: 'decision', recipe, at, data });
      return;
    }
    case 'gone':
      feed.publish({ type: 'decision', recipe: event.recipe, at, data: { decision: null } });
      return;
    case 'trial':
      publishTrial(feed, event.event, at);
      return;
    case 'round-ended': {
      const { startedAt, report } = event.result;
      const data = { startedAt, exitCode: report.exitCode, summary: report.summary };
      feed.publish({ type: 'pass', recipe: null, at, data });
      return;
    }
    case 'fleet-changed':
      feed.publish({ type: 'fleet', recipe: null, at, data: { changed: event.keys, freeze: event.freeze } });
      return;
    case 'trouble':
      return;
  }
}

function publishTrial(feed: EventFeed, { type, recipe, trial, step }: TrialEvent, at: string): void {
  const { id, version, verdict, promoted } = trial;
  if (type === 'trial-started' || type === 'trial-ended') {
    feed.publish({ type: 'trial', recipe, at, data: { trial: id, version, verdict, promoted } });
    return;
  }
  const ok = trial.steps.findLast(({ name }) => name === step)?.ok ?? null;
  feed.publish({ type: 'step', recipe, at, data: { trial: id, step, ended: type === 'step-ended', ok } });
}
