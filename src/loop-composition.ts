/** The continuous loop, put together: the controller, what makes it look, whom it tells, and the server that shows it. */
import { openActor, type Actor, type Settings } from './composition.ts';
import { cronCalendar } from './desired/cron.ts';
import { watchManifests } from './desired/watch.ts';
import { EventFeed } from './http/event-feed.ts';
import { startServer, type RunningServer } from './http/server.ts';
import { completionOf, Metrics } from './metrics/metrics.ts';
import { readPasses, type StoredPasses } from './observed/passes.ts';
import { watchState } from './observed/watch.ts';
import { count } from './operator/counting.ts';
import { logLine } from './operator/log-lines.ts';
import { loopOperator } from './operator/loop-operator.ts';
import { publish } from './operator/publishing.ts';
import { Controller } from './reconciler/controller.ts';
import type { LoopEvent } from './reconciler/controller/events.ts';
import type { TrialEvent } from './reconciler/trial-run.ts';
import type { Lease } from './state/lease.ts';

export interface LoopSettings extends Settings {
  /** Null: nobody may ask for anything over HTTP. */
  token: string | null;
  /** Null: no webhook is taken. */
  hookSecret: string | null;
}

export interface Loop {
  lease: Lease;
  /** Until it is stopped. Throws `Fenced` once the lease is lost. */
  run(): Promise<void>;
}

/** Where no configuration can be used at the start. */
const DEFAULT_SERVER = { host: '127.0.0.1', port: 9464 };

/** How long those who ask while it ends are waited for. */
const CLOSING_MS = 5000;

/** Takes the lease; throws `LeaseHeld` where another has it. */
export async function openLoop(settings: LoopSettings, stop: AbortSignal): Promise<Loop> {
  const actor = await openActor(settings, stop);
  return { lease: actor.lease, run: () => run(actor, settings, stop) };
}

/** Each part is started after what it stands on, and stopped before it. */
async function run(actor: Actor, settings: LoopSettings, stop: AbortSignal): Promise<void> {
  const metrics = metricsOf(actor);
  // Higher than any earlier process came: a reader that comes back is told that it missed something.
  const feed = new EventFeed({ lastId: Date.now() });
  const last = await lastPass(actor);
  if (last !== null) metrics.lastPassWas(completionOf(last));
  const controller = openController(actor, { settings, stop, metrics, feed, last });
  await controller.prepare();
  const watches = await watch(controller, actor, settings);
  try {
    const server = await serve(controller, actor, { settings, metrics, feed });
    actor.lease.doing(LOOKING);
    try {
      await controller.run();
    } finally {
      await server.close(AbortSignal.timeout(CLOSING_MS));
    }
  } finally {
    await Promise.all(watches.map((each) => each.close()));
  }
}

type LastPass = StoredPasses['last'] | null;

interface Parts {
  settings: LoopSettings;
  metrics: Metrics;
  feed: EventFeed;
}

/** One that cannot be read is told by whoever stores the next. */
async function lastPass({ layout }: Actor): Promise<LastPass> {
  const passes = await readPasses(layout);
  return passes.readable ? (passes.value?.last ?? null) : null;
}

function metricsOf({ ports, lease }: Actor): Metrics {
  const metrics = new Metrics(ports.program);
  metrics.watchProcess();
  metrics.leads(true);
  lease.term.lost.addEventListener('abort', () => metrics.leads(false), { once: true });
  return metrics;
}

function openController(
  actor: Actor,
  { settings, metrics, feed, last, stop }: Parts & { last: LastPass; stop: AbortSignal },
): Controller {
  const { ports, lease } = actor;
  const tell = (event: LoopEvent): void => {
    logLine(settings.log, event);
    const now = ports.clock.now();
    count(metrics, event, now);
    publish(feed, event, now.toISOString());
    if (event.type === 'trial') lease.doing(doing(event.event));
  };
  return new Controller({
    ports: {
      ...ports,
      calendar: cronCalendar,
      queues: metrics.queues,
      tell,
      inspectAnew: (recipe) => actor.inspectAnew([recipe]),
      keep: async (result, isOver) => void (await actor.store(result, { whole: true, isOver })),
    },
    stop: AbortSignal.any([stop, lease.term.lost]),
    lastPass: last,
  });
}

/** What a loop does between trials, as whoever is refused the lease is told. */
const LOOKING = 'looking';

function doing({ type, trial, step }: TrialEvent): string {
  if (type === 'trial-ended') return LOOKING;
  return `trial ${trial.id}${step === null ? '' : `, ${step}`}`;
}

/** Before the first round: what changes while it reads is not missed. */
async function watch(
  controller: Controller,
  { layout }: Actor,
  { manifests, log }: LoopSettings,
): Promise<{ close(): Promise<void> }[]> {
  const onTrouble = (why: string): void =>
    log.warn({ why }, 'not every change is noticed at once; each round finds the rest');
  return [
    await watchManifests(manifests, {
      onTrouble,
      onChange: (files) => controller.manifestsChanged(files),
    }),
    await watchState(layout, {
      onTrouble,
      onChange: (recipes) => controller.stateChanged(recipes),
    }),
  ];
}

async function serve(
  controller: Controller,
  { ports, layout }: Actor,
  { settings, metrics, feed }: Parts,
): Promise<RunningServer> {
  const { token, hookSecret, log } = settings;
  const { host, port } = controller.knowledge.config?.server ?? DEFAULT_SERVER;
  const server = { host, port };
  const operator = loopOperator({ controller, registry: ports.registry, layout, metrics, feed, server });
  const running = await startServer({ operator, ...server, token, hookSecret, log });
  log.info({ url: running.url, version: ports.program.version }, 'listening');
  return running;
}
