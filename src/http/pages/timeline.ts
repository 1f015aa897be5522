/** Trials of a recipe, the newest first, with what their steps took. */
import { duration } from '../../amounts.ts';
import { STEPS } from '../../metrics/label-values.ts';
import type { StepName, StepRecord, TrialRecord } from '../../reconciler/model.ts';
import { outcomeOf, stepBar, stepLasted, trialBar, trialLasted } from './duration-bars.ts';
import { glyph, type Glyph } from './glyphs.ts';
import { html, type Html } from './html.ts';
import { moment } from './moment.ts';
import { pill } from './pill.ts';

export function timeline(trials: readonly TrialRecord[], now: Date): Html {
  const longest = Math.max(1, ...trials.map((trial) => trialLasted(trial, now)));
  const names = STEPS.filter((name) => trials.some(({ steps }) => steps.some((step) => step.name === name)));
  return html`${legend(names)}
    <ol class="timeline">
      ${trials.map((trial, index) => html`<li>${trialRow(trial, longest, now, index === 0)}</li>`)}
    </ol>`;
}

export function verdictOf({ verdict, promoted }: TrialRecord): string {
  return promoted ? 'promoted' : (verdict ?? 'running');
}

function legend(names: readonly StepName[]): Html {
  return html`<ul class="legend" aria-hidden="true">
    ${names.map(
      (name) =>
        html`<li>
          <svg viewBox="0 0 10 10"><rect class="step ${name}" width="10" height="10" rx="2" /></svg>${name}
        </li>`,
    )}
  </ul>`;
}

function trialRow(trial: TrialRecord, longest: number, now: Date, open: boolean): Html {
  const { id, version, base, startedAt } = trial;
  return html`<details class="tried" id="t-${id}" ${open && html` open`}>
    <summary>
      <span class="what"
        >${pill(verdictOf(trial))}
        <span class="version">${version}</span
        >${base !== null && html` <span class="aside">from ${base.version}</span>`}</span
      >
      <span class="when"
        >${moment(startedAt, now)}, ${trial.endedAt === null ? 'for' : 'took'}
        <span class="took">${duration(trialLasted(trial, now))}</span></span
      >
      ${trialBar(trial, longest, now)}
    </summary>
    ${stepTable(trial, now)}
    <p class="aside"><a href="/trials/${encodeURIComponent(id)}">${id}</a></p>
  </details>`;
}

const OUTCOMES: Readonly<Record<ReturnType<typeof outcomeOf>, readonly [Glyph, string]>> = {
  done: ['check', 'ok'],
  failed: ['cross', 'failed'],
  open: ['dot', 'open'],
};

/** Roles are said, since a narrow screen shows rows as blocks. */
export function stepTable(trial: TrialRecord, now: Date): Html {
  if (trial.steps.length === 0) return html`<p class="aside">No step was begun.</p>`;
  return html`<table class="steps" role="table" aria-label="Steps of ${trial.id}">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">Step</th>
        <th role="columnheader" scope="col">Result</th>
        <th role="columnheader" scope="col">Took</th>
        <th role="columnheader" scope="col" class="drawn"><span class="unseen">When</span></th>
        <th role="columnheader" scope="col">Message</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${trial.steps.map((step) => stepRow(step, trial, now))}
    </tbody>
  </table>`;
}

function stepRow(step: StepRecord, trial: TrialRecord, now: Date): Html {
  const outcome = outcomeOf(step);
  const [picture, word] = OUTCOMES[outcome];
  const took = stepLasted(step, now);
  return html`<tr role="row" class="${outcome}">
    <th role="rowheader" scope="row">${step.name}</th>
    <td role="cell" class="outcome">${glyph(picture)}${word}</td>
    <td role="cell" class="took">${took === null ? '–' : duration(took)}</td>
    <td role="cell" class="drawn">${stepBar(step, trial, now)}</td>
    <td role="cell" class="message">${step.message ?? ''}</td>
  </tr>`;
}
