/** A decision and why: the word, the reason, when it goes on, and everything else that there is to say. */
import { size } from '../../amounts.ts';
import type { Pause } from '../../reconciler/model.ts';
import type { StatusRow } from '../../status-report.ts';
import { html, type Html } from './html.ts';
import { moment } from './moment.ts';
import { pill } from './pill.ts';

/** A message that is longer, or has more to it, is shown in part until it is opened. */
const SHORT = 110;

export function whyOf(row: StatusRow, now: Date): Html {
  const { decision, reason, nextAt, message } = row;
  const next = nextAt === null ? null : html` <span class="next">goes on ${moment(nextAt, now)}</span>`;
  const more = besides(row, now);
  const head = html`<p class="decision">${pill(decision)} <span class="reason">${reason}</span>${next}</p>`;
  if (more.length === 0 && message.length <= SHORT && !message.includes('\n'))
    return html`${head}
      <p class="why">${message}</p>`;
  return html`${head}
    <details class="why" id="why-${row.recipe}">
      <summary>
        <span class="clamped">${message}</span
        >${more.length > 0 && html` <span class="count">${more.length} more</span>`}
      </summary>
      ${
        more.length > 0 &&
        html`<ul>
          ${more.map((each) => html`<li>${each}</li>`)}
        </ul>`
      }
    </details>`;
}

/** Whatever a person should know of it besides. */
export function besides(row: StatusRow, now: Date): Html[] {
  const { after, suspended, suspensionEnded, damage, mirror, notes } = row;
  const said: (Html | false)[] = [
    after.length > 0 && html`After ${after.join(', ')}`,
    suspended !== null && suspension(suspended, now),
    suspensionEnded !== null &&
      html`Its suspension ended ${moment(suspensionEnded, now)} and still stands in its manifest`,
    damage > 0 && html`${damage} of its canonical's volumes and secrets missing or changed`,
    ...mirrorTrouble(mirror),
    leftOver(row),
    ...notes.map((note) => html`${note}`),
  ];
  return said.filter((each) => each !== false);
}

function suspension({ reason, by, until }: Pause, now: Date): Html {
  const who = by === null ? '' : ` (by ${by})`;
  return until === null
    ? html`Suspended without an end: ${reason}${who}`
    : html`Suspended: ${reason}${who}; it ends ${moment(until, now)}`;
}

function mirrorTrouble(mirror: StatusRow['mirror']): (Html | false)[] {
  if (mirror === null) return [];
  const { state, message, pullRequests } = mirror;
  return [
    state !== 'equal' && html`Mirror ${state}: ${message}`,
    pullRequests !== null && html`Pull requests: ${pullRequests}`,
  ];
}

function leftOver({ recipe, leftovers }: StatusRow): Html | false {
  if (leftovers === null || leftovers.length === 0) return false;
  const bytes = leftovers.reduce((total, each) => total + (each.bytes ?? 0), 0);
  return html`${leftovers.length} left over (${size(bytes)}); see <code>reconcile explain ${recipe}</code>`;
}
