/** The end of the log of the step that a trial failed at: most often all that one needs to read. */
import type { TrialRecord } from '../../reconciler/model.ts';
import { html, type Html } from './html.ts';

/** A place for it also where there is none: a trial that runs may yet fail. */
export function logTail(trial: TrialRecord | null, lines: readonly string[], whose: string): Html {
  const failed = trial?.steps.find(({ ok }) => ok === false);
  if (trial === null || lines.length === 0 || failed === undefined)
    return html`<div id="log" data-live></div>`;
  return html`<section class="card" id="log" aria-labelledby="h-log" data-live>
    <h2 id="h-log">The end of ${whose} ${failed.name} log</h2>
    <pre class="log" tabindex="0" aria-labelledby="h-log">${lines.join('\n')}</pre>
    <p class="aside">
      All of it: <code>reconcile logs ${trial.recipe} --trial ${trial.id} --step ${failed.name}</code>
    </p>
  </section>`;
}
