/** One trial: what it tested, from what, by whom, and each of its steps. */
import { duration } from '../../amounts.ts';
import type { ImageRecord, TrialRecord } from '../../reconciler/model.ts';
import { trialLasted } from './duration-bars.ts';
import { facts } from './facts.ts';
import { html, type Html } from './html.ts';
import { logTail } from './log-tail.ts';
import { moment } from './moment.ts';
import { pill } from './pill.ts';
import { stepTable, verdictOf } from './timeline.ts';

export function trial(record: TrialRecord, tail: readonly string[], now: Date): Html {
  const { id, recipe, version, commit, base, generation, reason, message, startedAt, program } = record;
  const { instance, notes, images } = record;
  return html`<nav class="way" aria-label="Where you are">
      <a href="/">Fleet</a> <span aria-hidden="true">/</span>
      <a href="/recipes/${encodeURIComponent(recipe)}">${recipe}</a>
    </nav>
    <div id="trial" data-live>
      <h1>Trial of ${recipe} <span class="version">${version}</span> ${pill(verdictOf(record))}</h1>
      ${message !== null && html`<p class="answer">${message}</p>`}
      <section class="card" aria-labelledby="h-what">
        <h2 id="h-what">What was tested</h2>
        ${facts([
          ['Release', html`${version} at <span class="commit">${commit}</span>`],
          [
            'Upgraded from',
            base === null
              ? 'nothing: installed afresh'
              : html`${base.version},
                ${base.generation === null ? 'adopted' : `generation ${base.generation}`}`,
          ],
          ['Makes generation', generation],
          ['Began', moment(startedAt, now)],
          ['Took', duration(trialLasted(record, now))],
          ['Reason', reason],
          ['Notes', notes.length === 0 ? null : notes.join('; ')],
          ['Images', images.length === 0 ? null : images.map(imageWords).join('; ')],
          [
            'Run by',
            html`version ${program.version} <span class="commit">${program.commit}</span> on ${instance.host}`,
          ],
        ])}
      </section>
      <section class="card" aria-labelledby="h-steps">
        <h2 id="h-steps">Steps</h2>
        ${stepTable(record, now)}
        <p class="aside">What was said in them: <code>reconcile logs ${recipe} --trial ${id}</code></p>
      </section>
    </div>
    ${logTail(record, tail, 'its')}`;
}

function imageWords({ service, reference, digest, id }: ImageRecord): string {
  return `${service}: ${reference}, ${digest ?? id}`;
}
