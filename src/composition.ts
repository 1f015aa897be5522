/**
 * The composition root: which adapter stands behind which port. `main.ts` hands these functions to the command
 * line; nothing else puts parts together.
 */
import { createHash, randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { configuredDriver } from './actuators/drivers/configured.ts';
import { Inspections } from './actuators/drivers/inspections.ts';
import { processDriver } from './actuators/drivers/process/driver.ts';
import { tellingSource, type TellingSource } from './actuators/drivers/telling-source.ts';
import { swarmDriver } from './actuators/drivers/swarm/driver.ts';
import { openSystemClock } from './clock.ts';
import { manifestFolder } from './desired/manifests.ts';
import { upstreamFrom } from './desired/upstream.ts';
import type { Logger } from './log.ts';
import type { Loop, LoopSettings } from './loop-composition.ts';
import type { MetricsFile } from './metrics/metrics-file.ts';
import { mirrorReader } from './observed/mirrors.ts';
import { PassesFile, readPasses, type StoredRow } from './observed/passes.ts';
import { remoteMirrorsFrom } from './observed/remote-mirrors.ts';
import { fileRegistry } from './observed/registry.ts';
import { settledRecipes } from './observed/settled.ts';
import { programInfo } from './program-info.ts';
import { CannotRun } from './reconciler/errors.ts';
import type { LookPorts } from './reconciler/look.ts';
import type { PassPorts, PassResult } from './reconciler/pass.ts';
import type { Driver, MirrorReader } from './reconciler/ports.ts';
import type { HostsOptions } from './remotes/hosts.ts';
import type { RefLister } from './remotes/lister.ts';
import { remoteLister } from './remotes/remote-lister.ts';
import type { Lease } from './state/lease.ts';
import { Layout } from './state/layout.ts';
import { checkSchema, instanceOf } from './state/schema.ts';

export interface Settings {
  manifests: string;
  state: string;
  log: Logger;
  /** Deadline of asking an upstream for its tags. */
  upstreamTimeoutMs: number;
  /** Deadline of one fetch, push or checkout. */
  transferTimeoutMs: number;
  /** Deadline of one question to a Docker engine. */
  engineTimeoutMs: number;
  leaseTtlMs: number;
  /** How long whoever leaves a request waits for its answer, where another acts. */
  requestPatienceMs: number;
}

export interface Reader extends LookPorts {
  layout: Layout;
  driver: Driver;
  mirrors: MirrorReader;
  passes: PassesFile;
  inspections: Inspections;
}

export interface Actor {
  layout: Layout;
  ports: PassPorts;
  lease: Lease;
  /** Volumes of these recipes are read at the next look, however lately they were. */
  inspectAnew(recipes: readonly string[]): Promise<void>;
  /** Returns the rows of recipes that were not in scope, as they were last seen. */
  store(result: PassResult, how: { whole: boolean; isOver: boolean }): Promise<StoredRow[]>;
}

/** For looking only: takes no lease and writes nothing. What is stored can be read also where the manifests cannot. */
export async function openReader(settings: Settings): Promise<Reader> {
  const { manifests, reader } = await openParts(settings);
  await manifests.begin().catch(ignoreCannotRun);
  return reader;
}

/** Of the manifests nothing was read yet. */
export async function openParts(settings: Settings): Promise<{ manifests: TellingSource; reader: Reader }> {
  const layout = new Layout(resolve(settings.state));
  await checkSchema(layout);
  const passes = new PassesFile(layout);
  const mark = randomBytes(16).toString('hex');
  const clock = openSystemClock();
  const inspections = new Inspections({ now: () => clock.now(), earlier: () => passes.inspected() });
  const { driver, settle } = configuredDriver(
    {
      process: () => processDriver(),
      swarm: (swarm) =>
        swarmDriver({
          settings: swarm,
          instance: () => instanceOf(layout),
          mark,
          timeoutMs: settings.engineTimeoutMs,
        }),
    },
    inspections,
  );
  const registry = fileRegistry({
    layout,
    driver,
    manifestReader: async () => (await import('./desired/recipe.ts')).readStored,
    warn: once((why) => settings.log.warn({ why }, 'a stored trial cannot be read and is left out')),
  });
  const known = async (): Promise<readonly string[]> => {
    const recorded = await registry.recorded();
    return recorded.readable ? recorded.value : [];
  };
  const timeoutMs = settings.upstreamTimeoutMs;
  const onChange = toldTo(settings.log);
  const manifests = manifestFolder(settings.manifests, {
    knownRecipes: known,
    knownConfigFile: () => lastConfigFile(layout),
    remembered: () => passes.memory(),
    program: Object.values(programInfo()).join(' '),
  });
  const told = tellingSource(manifests, settle);
  const reader = {
    layout,
    registry,
    driver,
    passes,
    inspections,
    settled: settledRecipes({ layout, driver, passes, beat: null }),
    clock,
    program: programInfo(),
    digest: (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`,
    fleet: told,
    ...remotesThrough(remoteLister({ mark, timeoutMs, onChange })),
    mirrors: mirrorReader({ layout, mark, timeoutMs }),
  };
  return { manifests: told, reader };
}

/** Whoever looks at the manifests is told again. */
function ignoreCannotRun(error: unknown): void {
  if (!(error instanceof CannotRun)) throw error;
}

/** Both take their turns at the same hosts. */
export function remotesThrough(lister: RefLister): Pick<Reader, 'upstream' | 'remoteMirrors'> {
  return { upstream: upstreamFrom(lister), remoteMirrors: remoteMirrorsFrom(lister) };
}

/** One line for a host, however many recipes it serves. */
export function toldTo(log: Logger): HostsOptions['onChange'] {
  return ({ host, down, why }) => {
    if (down) log.warn({ host, why }, 'a host does not answer and is not asked for a while');
    else log.info({ host }, 'a host answers again');
  };
}

/** The same is not said again, at however many looks it is found. */
function once(tell: (what: string) => void): (what: string) => void {
  const told = new Set<string>();
  return (what) => {
    if (!told.has(what)) tell(what);
    told.add(what);
  };
}

async function lastConfigFile(layout: Layout): Promise<string | null> {
  const passes = await readPasses(layout);
  return passes.readable ? (passes.value?.last.configFile ?? null) : null;
}

/** Loaded only where it is asked for: most commands tell no monitor anything. */
export async function openMetricsFile(path: string): Promise<MetricsFile> {
  const file = await import('./metrics/metrics-file.ts');
  return await file.openMetricsFile(path, programInfo());
}

/** Loaded only where it is asked for, with everything that only the loop needs. */
export async function openLoop(settings: LoopSettings, stop: AbortSignal): Promise<Loop> {
  const loop = await import('./loop-composition.ts');
  return await loop.openLoop(settings, stop);
}

/** Loaded only where it is asked for: most commands only look. */
export async function openActor(settings: Settings, stop: AbortSignal): Promise<Actor> {
  const acting = await import('./actor-composition.ts');
  return await acting.openActor(settings, stop);
}
