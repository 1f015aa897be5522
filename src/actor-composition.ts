/** What acts, put together: with the lease, and with everything that changes anything. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { commandRunner } from './actuators/commands.ts';
import { fileHousekeeping } from './actuators/housekeeping.ts';
import { fileJournal } from './actuators/journal.ts';
import { fileMemory } from './actuators/memory.ts';
import { gitMirror } from './actuators/mirror/git-mirror.ts';
import { storePass } from './actuators/passes.ts';
import { filePromotion } from './actuators/promotion.ts';
import { recover, type RecoveryPorts } from './actuators/recovery.ts';
import { fileDesk } from './actuators/requests.ts';
import { makeWorkspace } from './actuators/workspace.ts';
import { openParts, remotesThrough, toldTo, type Actor, type Reader, type Settings } from './composition.ts';
import type { Logger } from './log.ts';
import { readPasses, type StoredRow } from './observed/passes.ts';
import { settledRecipes } from './observed/settled.ts';
import { CannotRun, describe, TrialEnded } from './reconciler/errors.ts';
import { DEFAULT_RETRY, retryDelay } from './reconciler/holds.ts';
import type { PassPorts, PassResult } from './reconciler/pass.ts';
import type { Driver } from './reconciler/ports.ts';
import { remoteLister } from './remotes/remote-lister.ts';
import { hasStartedAnything } from './run.ts';
import type { Layout } from './state/layout.ts';
import { acquireLease, HOLDER_FILE, type Lease } from './state/lease.ts';
import { storeSchema } from './state/schema.ts';
import type { Term } from './state/term.ts';

/** After everything that a predecessor left was cleaned up. */
export async function openActor(settings: Settings, stop: AbortSignal): Promise<Actor> {
  const { manifests, reader } = await openParts(settings);
  // What one driver began another could not end: nothing is cleaned up before it is known which there is.
  await manifests.begin();
  const { layout, registry, driver, clock } = reader;
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
    const ports = portsOf(reader, recovery, settings);
    return {
      layout,
      ports,
      lease: { ...lease, release: () => endTerm(lease, driver) },
      inspectAnew: (recipes) => reader.inspections.anew(recipes),
      store: async (result, how) => await storeResult(reader, term, result, { ...how, warn }),
    };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** Everything that a pass acts through. */
function portsOf(reader: Reader, recovery: RecoveryPorts, { log, ...settings }: Settings): PassPorts {
  const { layout, driver, passes } = reader;
  const { term, promotion, warn } = recovery;
  return {
    ...reader,
    settled: settledRecipes({ layout, driver, passes, beat: join(term.folder, HOLDER_FILE) }),
    // Marked as of this term: what is asked while acting is cleaned up after like everything else.
    ...remotesThrough(
      remoteLister({
        mark: `${term.mark}/observe`,
        lifelines: term.lifelines,
        timeoutMs: settings.upstreamTimeoutMs,
        onChange: toldTo(log),
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
      info: (fields, message) => log.info(fields, message),
    }),
    workspace: (trialId) => makeWorkspace(term, trialId),
    leaveToRecovery: (why) => term.leaveToRecovery(why),
    background: backgroundOf(term, log),
    instance: { host: hostname(), pid: process.pid, term: term.id },
  };
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
