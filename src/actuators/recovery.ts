/**
 * What the next start does about a predecessor that did not end well (design: after a crash): it ends that process, if
 * it was only suspended, and everything that it started; closes its open trials; removes what it staged, what no record
 * names, and the locks that its gits left. Then the world is looked at as always.
 *
 * Each part may be repeated: a recovery that is itself killed, or that could not do all of it, is done again by the
 * next start, because the terms' folders go last, and only when everything else went well.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcess } from '../processes.ts';
import { describe, Fenced } from '../reconciler/errors.ts';
import type { CanonicalRecord, TrialRecord } from '../reconciler/model.ts';
import type { Clock, Driver, Promotion, Registry, Work } from '../reconciler/ports.ts';
import { livingProcessOf } from '../state/holder.ts';
import type { Layout } from '../state/layout.ts';
import { abandonedPreparations, readHolder } from '../state/lease.ts';
import { recipeFolders } from '../state/made.ts';
import { staleLocks } from '../state/mirror-locks.ts';
import { isMissing, type Term } from '../state/term.ts';
import { saveTrial } from './journal.ts';

export interface RecoveryPorts {
  layout: Layout;
  term: Term;
  driver: Driver;
  registry: Registry;
  promotion: Promotion;
  clock: Clock;
  /** How long the inputs of an interrupted trial are left alone. */
  retryDelay: (trial: TrialRecord, earlier: readonly TrialRecord[]) => number | null;
  warn: (fields: object, message: string) => void;
}

/** A process that lost its lease ends as soon as it is woken; one that does not is killed after this long. */
const PREDECESSOR_GRACE_MS = 5000;

/** Nothing to do, and next to nothing done, where the last holder ended cleanly. */
export async function recover(ports: RecoveryPorts): Promise<void> {
  const { layout, term } = ports;
  for (const folder of await abandonedPreparations(layout)) await term.discard(folder);
  const ended = await namesIn(layout.ended);
  if (ended.length === 0) return;
  let complete = true;
  for (const name of ended) {
    complete = (await attempt(ports, { term: name }, () => endEverythingOf(name, ports))) && complete;
  }
  for (const recipe of await recipeFolders(layout)) {
    complete = (await attempt(ports, { recipe }, () => recoverRecipe(recipe, ports))) && complete;
  }
  if (!complete) return;
  for (const name of ended) await term.discard(join(layout.ended, name));
}

/** What fails for one term or recipe must not stop the others; it is said, and tried again by the next start. */
async function attempt(ports: RecoveryPorts, fields: object, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Fenced || ports.term.lost.aborted) throw error;
    ports.warn({ ...fields, error: describe(error) }, 'could not clean up; the next start tries again');
    return false;
  }
}

/** The holder first: what it would still do when it wakes up is over before anything else is done. */
async function endEverythingOf(name: string, { layout, driver, warn }: RecoveryPorts): Promise<void> {
  const folder = join(layout.ended, name);
  const holder = await readHolder(folder);
  const suspended = holder === null ? null : livingProcessOf(holder);
  if (suspended !== null) await endProcess(suspended, PREDECESSOR_GRACE_MS);
  const processes = holder === null ? 0 : await driver.reap(holder.mark, folder);
  warn({ term: name, processes }, 'cleaning up after a term that did not end cleanly');
}

export async function recoverRecipe(recipe: string, ports: RecoveryPorts): Promise<void> {
  const { layout, term, registry, promotion, warn } = ports;
  for (const lock of await staleLocks(layout.mirror(recipe))) await term.discard(lock);
  const trials = await registry.trials(recipe);
  const record = await registry.record(recipe);
  if (!trials.readable) throw new Error(`its trials cannot be closed: ${trials.why}`);
  if (!record.readable) throw new Error(`its open trials cannot be closed: ${record.why}`);
  await closeOpenTrials(trials.value, record.value, ports);
  const note = (what: string): void => warn({ recipe, what }, 'cleaned up');
  const log: Work['log'] = { note, output: () => undefined, conceal: () => undefined };
  await promotion.tidy(recipe, record.value, { signal: term.lost, log, mark: term.mark });
}

/** A trial that the record names ended green and promoted, whatever its own file came to say. */
async function closeOpenTrials(
  trials: readonly TrialRecord[],
  record: CanonicalRecord | null,
  { layout, term, clock, retryDelay }: RecoveryPorts,
): Promise<void> {
  for (const trial of trials.filter(({ endedAt }) => endedAt === null)) {
    const promoted = record?.trial === trial.id;
    trial.promoted = promoted;
    trial.verdict = promoted ? 'green' : 'interrupted';
    trial.reason = promoted ? null : 'crashed';
    trial.message = promoted ? `${trial.version} is the canonical` : 'the program ended while this trial ran';
    trial.endedAt = clock.now().toISOString();
    if (trial.uptime !== null) trial.uptime.end = clock.uptime();
    for (const step of trial.steps.filter(({ endedAt }) => endedAt === null)) {
      Object.assign(step, { endedAt: trial.endedAt, ok: promoted, message: promoted ? null : trial.message });
    }
    const earlier = trials.filter(({ id, inputs }) => id !== trial.id && inputs === trial.inputs);
    trial.retryAfterMs = retryDelay(trial, earlier);
    await saveTrial(layout, term, trial);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
