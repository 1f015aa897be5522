/**
 * The composition root: which adapter stands behind which port. `main.ts` hands these functions to the command
 * line; nothing else puts parts together.
 */
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { commandRunner } from './actuators/commands.ts';
import { configuredDriver } from './actuators/drivers/configured.ts';
import { Inspections } from './actuators/drivers/inspections.ts';
import { processDriver } from './actuators/drivers/process/driver.ts';
import { tellingSource, type TellingSource } from './actuators/drivers/telling-source.ts';
import { swarmDriver } from './actuators/drivers/swarm/driver.ts';
import { fileHousekeeping } from './actuators/housekeeping.ts';
import { fileJournal } from './actuators/journal.ts';
import { fileMemory } from './actuators/memory.ts';
import { gitMirror } from './actuators/mirror/git-mirror.ts';
import { storePass } from './actuators/passes.ts';
import { filePromotion } from './actuators/promotion.ts';
import { recover, type RecoveryPorts } from './actuators/recovery.ts';
import { fileDesk } from './actuators/requests.ts';
import { makeWorkspace } from './actuators/workspace.ts';
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
import { CannotRun, describe, TrialEnded } from './reconciler/errors.ts';
import { DEFAULT_RETRY, retryDelay } from './reconciler/holds.ts';
import type { LookPorts } from './reconciler/look.ts';
import type { PassPorts, PassResult } from './reconciler/pass.ts';
import type { Driver, MirrorReader } from './reconciler/ports.ts';
import type { HostsOptions } from './remotes/hosts.ts';
import type { RefLister } from './remotes/lister.ts';
import { remoteLister } from './remotes/remote-lister.ts';
import { hasStartedAnything } from './run.ts';
import { acquireLease, HOLDER_FILE, type Lease } from './state/lease.ts';
import { Layout } from './state/layout.ts';
import { checkSchema, instanceOf, storeSchema } from './state/schema.ts';
import type { Term } from './state/term.ts';

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
async function openParts(settings: Settings): Promise<{ manifests: TellingSource; reader: Reader }> {
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
function remotesThrough(lister: RefLister): Pick<Reader, 'upstream' | 'remoteMirrors'> {
  return { upstream: upstreamFrom(lister), remoteMirrors: remoteMirrorsFrom(lister) };
}

/** One line for a host, however many recipes it serves. */
function toldTo(log: Logger): HostsOptions['onChange'] {
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

/** For acting: with the lease, after everything that a predecessor left was cleaned up. */
export async function openActor(settings: Settings, stop: AbortSignal): Promise<Actor> {
  const { manifests, reader } = await openParts(settings);
  // What one driver began another could not end: nothing is cleaned up before it is known which there is.
  await manifests.begin();
  const { layout, registry, driver, clock, passes } = reader;
  const lease = await writableState(layout, () => acquireLease(layout, settings.leaseTtlMs, stop));
  const { term } = lease;
  try {
    const promotion = filePromotion({ layout, term, driver });
    const warn = (fields: object, message: string): void => settings.log.warn(fields, message);
    tellRenewals(lease, settings.log);
    const recovery: RecoveryPorts = {
      layout,
      term,
      driver,
      registry,
      promotion,
      clock,
      retryDelay: (trial, earlier) =>
        retryDelay(trial.verdict ?? 'interrupted', earlier, DEFAULT_RETRY, clock.random()),
      warn,
    };
    await storeSchema(layout, term);
    await recover(recovery);
    const ports: PassPorts = {
      ...reader,
      settled: settledRecipes({ layout, driver, passes, beat: join(term.folder, HOLDER_FILE) }),
      // Marked as of this term: what is asked while acting is cleaned up after like everything else.
      ...remotesThrough(
        remoteLister({
          mark: `${term.mark}/observe`,
          lifelines: term.lifelines,
          timeoutMs: settings.upstreamTimeoutMs,
          onChange: toldTo(settings.log),
        }),
      ),
      promotion,
      commands: commandRunner(),
      mirror: gitMirror({ layout, term, timeoutMs: settings.transferTimeoutMs }),
      journal: fileJournal(layout, term),
      memory: fileMemory(layout, term),
      desk: fileDesk({ layout, term, warn }),
      housekeeping: fileHousekeeping({
        ...recovery,
        info: (fields, message) => settings.log.info(fields, message),
      }),
      workspace: (trialId) => makeWorkspace(term, trialId),
      leaveToRecovery: (why) => term.leaveToRecovery(why),
      background: backgroundOf(term, settings.log),
      instance: { host: hostname(), pid: process.pid, term: term.id },
    };
    return {
      layout,
      ports,
      lease: { ...lease, release: () => endTerm(lease, driver) },
      store: async (result, how) => await storeResult(reader, term, result, { ...how, warn }),
    };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

function tellRenewals(lease: Lease, log: Logger): void {
  lease.whenRenewalChanges((error) => {
    if (error === null) log.info('the lease is renewed again');
    else log.warn({ why: describe(error) }, 'the lease could not be renewed');
  });
}

/** What a pass does outside of trials has no step and no log of its own. */
function backgroundOf(term: Term, log: Logger): PassPorts['background'] {
  return (recipe, signal) => ({
    signal,
    mark: `${term.mark}/mirror`,
    log: {
      note: (text) => log.info({ recipe, text }, 'syncing a mirror'),
      output: () => undefined,
      conceal: () => undefined,
    },
  });
}

async function storeResult(
  { layout, passes, inspections }: Pick<Reader, 'layout' | 'passes' | 'inspections'>,
  term: Term,
  { startedAt, enrolled, fleet, settled, report }: PassResult,
  {
    whole,
    isOver,
    warn,
  }: { whole: boolean; isOver: boolean; warn: (fields: object, message: string) => void },
): Promise<StoredRow[]> {
  const earlier = await (whole ? passes.history() : readPasses(layout));
  // What may not be read is not written over; what was read and is no history of passes is begun anew.
  if (!earlier.readable && !earlier.damaged) throw new Error(earlier.why);
  if (!earlier.readable) warn({ why: earlier.why }, 'the history of passes is damaged and begun anew');
  const before = earlier.readable ? earlier.value : null;
  const { configFile, memory } = fleet;
  const inspected = await inspections.recent();
  const pass = { startedAt, enrolled, configFile, memory, settled, inspected, whole, isOver, report };
  return await storePass(layout, term, pass, before);
}

/** Nobody looks for what a term that ended well left running: so whatever of ours still does, as a daemon, ends first. */
async function endTerm(lease: Lease, driver: Driver): Promise<void> {
  const { term } = lease;
  if (!term.lost.aborted && hasStartedAnything()) {
    await driver
      .reap(term.mark, term.folder)
      .catch((error: unknown) => term.leaveToRecovery(describe(error)));
  }
  await lease.release();
}

async function writableState<T>(layout: Layout, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof CannotRun || error instanceof TrialEnded) throw error;
    const message = `could not write to the state folder ${layout.root}: ${describe(error)}`;
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    const hint = isFull
      ? 'make room on its disk'
      : 'name a folder that this user may write to with --state or $RECONCILE_STATE';
    throw new CannotRun(message, { cause: error, hint });
  }
}
