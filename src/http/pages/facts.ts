/** Short facts with their names. */
import { html, type Html } from './html.ts';

/** What is null is left out. */
export function facts(all: readonly (readonly [string, Html | string | number | null])[]): Html {
  const known = all.filter(([, value]) => value !== null);
  return html`<dl class="facts">
    ${known.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
