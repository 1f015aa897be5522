/** The continuous loop, put together: the controller, what makes it look, and whom it tells. */
import { openActor, type Settings } from './composition.ts';
import { cronCalendar } from './desired/cron.ts';
import { watchManifests } from './desired/watch.ts';
import { Metrics } from './metrics/metrics.ts';
import { readPasses } from './observed/passes.ts';
import { watchState } from './observed/watch.ts';
import { count } from './operator/counting.ts';
import { logLine } from './operator/log-lines.ts';
import { Controller } from './reconciler/controller.ts';
import type { LoopEvent } from './reconciler/controller/events.ts';
import type { Layout } from './state/layout.ts';
import type { Lease } from './state/lease.ts';

export interface Loop {
  lease: Lease;
  /** Until it is stopped. Throws `Fenced` once the lease is lost. */
  run(): Promise<void>;
}

/** Takes the lease; throws `LeaseHeld` where another has it. */
export async function openLoop(settings: Settings, stop: AbortSignal): Promise<Loop> {
  const actor = await openActor(settings, stop);
  const { layout, ports, lease } = actor;
  const metrics = new Metrics(ports.program);
  const passes = await readPasses(layout);
  const last = passes.readable ? (passes.value?.last ?? null) : null;
  const ended = AbortSignal.any([stop, lease.term.lost]);
  const tell = (event: LoopEvent): void => {
    logLine(settings.log, event);
    count(metrics, event);
    if (event.type === 'trial')
      lease.doing(`trial ${event.event.trial.id}${event.event.step === null ? '' : `, ${event.event.step}`}`);
  };
  const controller = new Controller({
    ports: {
      ...ports,
      calendar: cronCalendar,
      queues: metrics.queues,
      tell,
      keep: async (result, isOver) => void (await actor.store(result, { whole: true, isOver })),
    },
    stop: ended,
    lastPass: last,
  });
  return { lease, run: () => runWatching(controller, settings, layout) };
}

/** Watching begins first: what changes while the first round reads is not missed. */
async function runWatching(controller: Controller, settings: Settings, layout: Layout): Promise<void> {
  const onTrouble = (why: string): void =>
    settings.log.warn({ why }, 'not every change is noticed at once; each round finds the rest');
  const watches = [
    await watchManifests(settings.manifests, {
      onChange: (files) => controller.manifestsChanged(files),
      onTrouble,
    }),
    await watchState(layout, {
      onChange: (recipes) => recipes.forEach((recipe) => controller.want(recipe, 'scan')),
      onTrouble,
    }),
  ];
  try {
    await controller.run();
  } finally {
    await Promise.all(watches.map((watch) => watch.close()));
  }
}
