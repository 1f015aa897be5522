/**
 * What the next start does about a predecessor that did not end well (design: after a crash): it ends every process
 * of it, closes its open trials, removes what it staged and the locks that its gits left. Then the world is looked
 * at as always. Each part may be repeated: a recovery that is itself killed is recovered from in the same way.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrialRecord } from '../reconciler/model.ts';
import type { Clock, Driver, Promotion, Registry } from '../reconciler/ports.ts';
import { RECIPE_NAME, type Layout } from '../state/layout.ts';
import { abandonedPreparations, markOf } from '../state/lease.ts';
import { staleLocks } from '../state/mirror-locks.ts';
import { isMissing, type Term } from '../state/term.ts';
import { saveTrial } from './journal.ts';
import { Concealed, openStepLog } from './step-log.ts';

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

/** Nothing to do, and next to nothing done, where the last holder ended cleanly. */
export async function recover(ports: RecoveryPorts): Promise<void> {
  const { layout, term, driver } = ports;
  const ended = await foldersIn(layout.ended);
  for (const folder of await abandonedPreparations(layout)) await term.discard(folder);
  if (ended.length === 0) return;
  for (const name of ended) {
    const mark = await markOf(join(layout.ended, name));
    const count = mark === null ? 0 : await driver.reap(mark, join(layout.ended, name));
    ports.warn({ term: name, processes: count }, 'cleaning up after a term that did not end cleanly');
  }
  for (const recipe of (await foldersIn(layout.root)).filter((name) => RECIPE_NAME.test(name))) {
    for (const lock of await staleLocks(layout.mirror(recipe))) await term.discard(lock);
    await closeOpenTrials(recipe, ports);
  }
  // Last: as long as these folders stand, a recovery that was cut short begins again.
  for (const name of ended) await term.discard(join(layout.ended, name));
}

/** A trial that the record names ended green and promoted, whatever its own file came to say. */
async function closeOpenTrials(recipe: string, ports: RecoveryPorts): Promise<void> {
  const { layout, term, registry, clock } = ports;
  const trials = await registry.trials(recipe);
  const record = await registry.record(recipe);
  if (!trials.readable || !record.readable) return;
  const open = trials.value.filter(({ endedAt }) => endedAt === null);
  for (const trial of open) {
    const promoted = record.value?.trial === trial.id;
    trial.promoted = promoted;
    trial.verdict = promoted ? 'green' : 'interrupted';
    trial.reason = promoted ? null : 'crashed';
    trial.message = promoted ? `${trial.version} is the canonical` : 'the program ended while this trial ran';
    trial.endedAt = clock.now().toISOString();
    if (trial.uptime !== null) trial.uptime.end = clock.uptime();
    for (const step of trial.steps.filter(({ endedAt }) => endedAt === null)) {
      Object.assign(step, { endedAt: trial.endedAt, ok: promoted, message: promoted ? null : trial.message });
    }
    const earlier = trials.value.filter(({ id, inputs }) => id !== trial.id && inputs === trial.inputs);
    trial.retryAfterMs = ports.retryDelay(trial, earlier);
    await saveTrial(layout, term, trial);
    const log = openStepLog(join(layout.trial(recipe, trial.id), 'recovery.log'), new Concealed(), () =>
      term.isHeld(),
    );
    await ports.promotion.tidy(recipe, record.value, { signal: term.lost, log, mark: term.mark });
    await log.close();
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
