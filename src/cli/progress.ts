/**
 * Progress of a pass: on a terminal one line per running trial, redrawn in place, that becomes its outcome; anywhere
 * else plain lines, one for each step that begins and one for each outcome.
 */
import { duration } from '../amounts.ts';
import { firstLine, oneLine } from '../printable.ts';
import { lasted } from '../reconciler/history.ts';
import type { TrialEvent } from '../reconciler/trial-run.ts';
import type { TrialRecord } from '../reconciler/model.ts';
import type { Output } from './context.ts';
import { cut, paint } from './text.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const REDRAW_MS = 100;

export interface Progress {
  event(event: TrialEvent): void;
  /** Other lines for the same terminal, put above the live ones. */
  write(text: string): void;
  end(): void;
}

export function makeProgress(err: Output): Progress {
  return err.terminal ? liveProgress(err) : plainProgress(err);
}

function plainProgress(err: Output): Progress {
  return {
    event: ({ type, trial, step }) => {
      if (type === 'step-started') err.write(`${oneLine(`${trial.recipe} ${trial.version}: ${step}`)}\n`);
      if (type === 'trial-ended') err.write(`${outcomeLine(err, trial)}\n`);
    },
    write: (text) => err.write(text),
    end: () => undefined,
  };
}

function liveProgress(err: Output): Progress {
  const running = new Map<string, TrialRecord>();
  let drawn = 0;
  let frame = 0;

  const erase = (): void => {
    if (drawn > 0) err.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  const draw = (): void => {
    for (const trial of running.values()) err.write(`${runningLine(err, trial, frame)}\n`);
    drawn = running.size;
  };
  const above = (text: string): void => {
    erase();
    err.write(text);
    draw();
  };
  const timer = setInterval(() => {
    frame += 1;
    above('');
  }, REDRAW_MS);
  timer.unref();
  return {
    event: ({ type, trial }) => {
      erase();
      if (type === 'trial-ended') {
        running.delete(trial.id);
        err.write(`${outcomeLine(err, trial)}\n`);
      } else {
        running.set(trial.id, trial);
      }
      draw();
    },
    write: above,
    end: () => {
      clearInterval(timer);
      erase();
    },
  };
}

function runningLine(err: Output, trial: TrialRecord, frame: number): string {
  const step = trial.steps.at(-1)?.name ?? 'starting';
  const [mark = '', ...rest] = cut(
    err,
    oneLine(`${FRAMES[frame % FRAMES.length]} ${trial.recipe} ${trial.version}  ${step}  ${elapsed(trial)}`),
  );
  return `${paint(err, 'cyan', mark)}${rest.join('')}`;
}

/** The line that stays: what came of it, how long it took, and where to look if it is not good. */
function outcomeLine(err: Output, trial: TrialRecord): string {
  const took = paint(err, 'dim', `(${elapsed(trial)})`);
  const what = oneLine(`${trial.recipe} ${trial.version}`);
  if (trial.promoted) {
    const from = trial.base === null ? '' : `, from ${oneLine(trial.base.version)}`;
    return `${paint(err, 'green', '✓')} ${what}: promoted as generation ${trial.generation}${from} ${took}`;
  }
  const step = trial.steps.find(({ ok }) => ok === false)?.name;
  const where = step === undefined ? '' : ` at ${step}`;
  const line = `${what}: ${trial.verdict}${where} ${took}: ${firstLine(trial.message ?? '')}`;
  return `${paint(err, 'red', '✗')} ${line}\n  see: reconcile logs ${trial.recipe} --trial ${trial.id}`;
}

function elapsed(trial: TrialRecord): string {
  return duration(lasted(trial) ?? Math.max(0, Date.now() - Date.parse(trial.startedAt)));
}
