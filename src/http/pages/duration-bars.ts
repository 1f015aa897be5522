/**
 * How long the steps of trials took, drawn: as attributes of SVG, since the pages allow no inline style. What is drawn also
 * stands beside it as text.
 */
import { duration } from '../../amounts.ts';
import { lasted } from '../../reconciler/history.ts';
import type { StepRecord, TrialRecord } from '../../reconciler/model.ts';
import { html, type Html } from './html.ts';

const WIDTH = 1000;
const HEIGHT = 12;
/** What took no time is still seen. */
const NARROWEST = 3;

export type StepOutcome = 'done' | 'failed' | 'open';

export function outcomeOf({ ok }: StepRecord): StepOutcome {
  return ok === null ? 'open' : ok ? 'done' : 'failed';
}

/** Null while a trial is open that does not run. */
export function stepLasted({ startedAt, endedAt }: StepRecord, now: Date | null): number | null {
  const end = endedAt === null ? now?.getTime() : Date.parse(endedAt);
  return end === undefined ? null : Math.max(0, end - Date.parse(startedAt));
}

export function trialLasted(trial: TrialRecord, now: Date): number {
  return lasted(trial) ?? Math.max(0, now.getTime() - Date.parse(trial.startedAt));
}

/** All steps one after the other, in proportion to the longest of the trials that stand below each other. */
export function trialBar({ steps }: TrialRecord, longestMs: number, now: Date): Html {
  const parts: Html[] = [];
  let x = 0;
  for (const step of steps) {
    const width = widthOf(stepLasted(step, now) ?? 0, longestMs);
    parts.push(part(step, x, width, now));
    x += width;
  }
  return drawn(parts);
}

/** One step at its place within its trial. */
export function stepBar(step: StepRecord, trial: TrialRecord, now: Date): Html {
  const whole = trialLasted(trial, now);
  const before = Math.max(0, Date.parse(step.startedAt) - Date.parse(trial.startedAt));
  const width = widthOf(stepLasted(step, now) ?? 0, whole);
  return drawn([part(step, Math.min(widthOf(before, whole), WIDTH - width), width, now)]);
}

function widthOf(ms: number, wholeMs: number): number {
  if (wholeMs === 0) return NARROWEST;
  return Math.min(WIDTH, Math.max(NARROWEST, Math.round((ms / wholeMs) * WIDTH)));
}

function part(step: StepRecord, x: number, width: number, now: Date): Html {
  const took = stepLasted(step, now);
  const title = `${step.name}: ${took === null ? 'open' : duration(took)}`;
  const failed = step.ok === false && html`<path class="failed" d="M${x} 0h${width}v${HEIGHT}h-${width}z" />`;
  return html`<g
    ><title>${title}</title
    ><rect class="step ${step.name}" x="${x}" y="0" width="${width}" height="${HEIGHT}" />${failed}</g
  >`;
}

function drawn(parts: readonly Html[]): Html {
  return html`<svg class="bar" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    ${parts}
  </svg>`;
}
