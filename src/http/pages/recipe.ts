/** All that is known of one recipe, the answer first. */
import { size } from '../../amounts.ts';
import type { TrialRecord } from '../../reconciler/model.ts';
import type { StatusRow } from '../../status-report.ts';
import type { ExplainedRecipe, RunningTrial } from '../operator.ts';
import { facts } from './facts.ts';
import { glyph } from './glyphs.ts';
import { html, type Html } from './html.ts';
import { logTail } from './log-tail.ts';
import { moment, since } from './moment.ts';
import { pauses } from './pauses.ts';
import { pill } from './pill.ts';
import { conditions, generations, leftovers, mirror, upstream } from './recipe-parts.ts';
import { timeline } from './timeline.ts';
import { versions } from './versions.ts';
import { besides } from './why.ts';

export interface RecipePage {
  explained: ExplainedRecipe;
  /** Null where it was never looked at. */
  row: StatusRow | null;
  trials: readonly TrialRecord[];
  running: RunningTrial | null;
  now: Date;
}

export function recipe(shown: RecipePage): Html {
  const { explained, now } = shown;
  const { decision } = explained;
  return html`<nav class="way" aria-label="Where you are"><a href="/">Fleet</a></nav>
    <div id="answer" data-live>
      <h1>${explained.recipe} ${pill(decision.decision)}</h1>
      <p class="answer">${explained.answer}</p>
      ${pauses(explained, now)} ${runningNow(shown)} ${atAGlance(shown)}
    </div>
    ${trials(shown)} ${logTail(explained.lastTrial, explained.logTail, 'the last trial’s')}
    <div class="columns">
      ${why(shown)} ${conditions(explained, now)} ${generations(explained)} ${upstream(explained)}
      ${mirror(explained, now)} ${leftovers(explained)} ${ask(explained.recipe)}
    </div>`;
}

function runningNow({ running }: RecipePage): Html | null {
  if (running === null) return null;
  return html`<p class="notice busy">
    ${glyph('dot')}<span
      >On trial now: step <strong>${running.step ?? 'none yet'}</strong> of
      <a href="/trials/${encodeURIComponent(running.trial)}">${running.trial}</a></span
    >
  </p>`;
}

function atAGlance({ explained, row, now }: RecipePage): Html {
  const { decision } = explained;
  const { drift, nextAt } = decision;
  return html`<dl class="glance">
    <div>
      <dt>Canonical → newest</dt>
      <dd>${versions(decision)}</dd>
    </div>
    <div>
      <dt>Drift</dt>
      <dd>
        ${drift === null ? 'none' : drift}${row?.driftSince != null && html`, ${since(row.driftSince, now)}`}
      </dd>
    </div>
    ${
      row?.promotedAt != null &&
      html`<div>
        <dt>Promoted</dt>
        <dd>${moment(row.promotedAt, now)}</dd>
      </div>`
    }
    ${
      nextAt !== null &&
      html`<div>
        <dt>Goes on</dt>
        <dd>${moment(nextAt, now)}</dd>
      </div>`
    }
    <div>
      <dt>Size</dt>
      <dd>${size(row?.bytes ?? 0)}</dd>
    </div>
    ${
      row !== null &&
      html`<div>
        <dt>Looked at</dt>
        <dd>${moment(row.observedAt, now)}</dd>
      </div>`
    }
  </dl>`;
}

function trials({ explained, trials: all, now }: RecipePage): Html {
  const shown =
    all.length === 0 ? html`<p class="aside">${noTrials(explained.decision.drift)}</p>` : timeline(all, now);
  return html`<section class="card" id="trials" aria-labelledby="h-trials" data-live>
    <h2 id="h-trials">Trials</h2>
    ${shown}
  </section>`;
}

/** Not that none was run: they may have been removed, or be unreadable. */
function noTrials(drift: string | null): string {
  return drift === null
    ? 'There is none to show, and none has to be run now.'
    : 'There is none to show. One begins as soon as the decision is to act, and nothing else runs.';
}

function why({ explained, row, now }: RecipePage): Html {
  const { decision, rule, after, plan, observed } = explained;
  const more = row === null ? [] : besides(row, now);
  return html`<section class="card" id="why" aria-labelledby="h-why" data-live>
    <h2 id="h-why">Decision</h2>
    ${facts([
      ['Reason', decision.reason],
      ['Message', decision.message],
      ['Goes on by', rule],
      ['After', after.length === 0 ? null : after.join(', ')],
      [
        'A trial would',
        plan === null ? null : `${plan.kind} to ${plan.target.version} from ${plan.base ?? 'nothing'}`,
      ],
      ['Depends on', observed.dependencies.length === 0 ? null : observed.dependencies.join('; ')],
      ['Record', observed.record],
    ])}
    ${
      more.length > 0 &&
      html`<h3>Besides</h3>
        <ul>
          ${more.map((each) => html`<li>${each}</li>`)}
        </ul>`
    }
  </section>`;
}

function ask(name: string): Html {
  return html`<section class="card" aria-labelledby="h-ask">
    <h2 id="h-ask">Have it looked at now</h2>
    <pre tabindex="0" aria-labelledby="h-ask">
curl -X POST -H "Authorization: Bearer $RECONCILE_TOKEN" \\
  "$RECONCILE_URL/api/recipes/${encodeURIComponent(name)}/reconcile"</pre>
    <p class="aside">
      <code>RECONCILE_URL</code> is where this page was found, up to its host and port;
      <code>RECONCILE_TOKEN</code> is what the loop was started with, without which it takes no requests.
    </p>
  </section>`;
}
