/** The loop's log: a line for every change of a decision and every step of a trial, none for what stays as it is. */
import type { Logger } from '../log.ts';
import type { FleetChanged, Looked, LoopEvent, RoundEnded } from '../reconciler/controller/events.ts';
import { pauseText } from '../reconciler/pause.ts';
import type { TrialEvent } from '../reconciler/trial-run.ts';

export function logLine(log: Logger, event: LoopEvent): void {
  switch (event.type) {
    case 'looked':
      log.debug({ recipe: event.row.recipe, reconcile: event.reconcile }, 'looked');
      if (event.isNews) logDecision(log, event);
      return;
    case 'gone':
      log.info({ recipe: event.recipe }, 'a recipe is gone');
      return;
    case 'trial':
      logTrial(log, event.reconcile, event.event);
      return;
    case 'fleet-changed':
      logFleet(log, event);
      return;
    case 'round-ended':
      logRound(log, event);
      return;
    case 'trouble':
      log[event.level](event.fields, event.message);
      return;
  }
}

function logFleet(log: Logger, { keys, freeze }: FleetChanged): void {
  if (keys.length === 0) return;
  const frozen = freeze === null ? null : pauseText(freeze);
  log.info({ changed: keys, frozen }, 'the fleet is configured otherwise');
}

function logDecision(log: Logger, { reconcile, row, before }: Looked): void {
  const { recipe, decision, reason, message, drift, nextAt, notes, suspended, damage } = row;
  const news = notes.filter((note) => before?.notes.includes(note) !== true);
  const mirror = row.mirror?.state ?? null;
  const fields = {
    recipe,
    reconcile,
    decision,
    reason,
    drift,
    nextAt,
    was: before?.decision ?? null,
    mirror,
    damage,
    suspended: suspended === null ? null : pauseText(suspended),
    news,
  };
  const level = decision === 'unknown' ? 'warn' : 'info';
  log[level]({ ...fields, why: message }, 'decided');
}

function logTrial(log: Logger, reconcile: string, { type, recipe, trial, step }: TrialEvent): void {
  const fields = { recipe, reconcile, trial: trial.id };
  if (type === 'trial-started')
    log.info({ ...fields, version: trial.version, commit: trial.commit }, 'a trial begins');
  if (type === 'step-started') log.info({ ...fields, step }, 'a step begins');
  if (type === 'step-ended') {
    const ended = trial.steps.findLast(({ name }) => name === step);
    const isWell = ended?.ok === true;
    log[isWell ? 'info' : 'warn']({ ...fields, step, ok: ended?.ok, why: ended?.message }, 'a step ended');
  }
  if (type !== 'trial-ended') return;
  const { verdict, reason, promoted, message, notes } = trial;
  log[verdict === 'green' ? 'info' : 'warn'](
    { ...fields, verdict, reason, promoted, notes, why: message },
    'a trial ended',
  );
}

/** One line for each round says that the loop is alive; what it found was said when it was news. */
function logRound(log: Logger, { result }: RoundEnded): void {
  const { exitCode, summary, error } = result.report;
  const fields = { exitCode, summary, startedAt: result.startedAt };
  if (error === undefined) log.info(fields, 'every recipe was looked at');
  else log.error({ ...fields, why: error }, 'nothing could be evaluated');
}
