/** What all pages have around them. */
import type { StatusReport } from '../../status-report.ts';
import type { Assets } from '../assets.ts';
import { glyph, GLYPHS } from './glyphs.ts';
import { html, type Html } from './html.ts';
import { moment } from './moment.ts';

export interface Shell {
  title: string;
  /** What is looked at again when something happens; null where nothing can happen to it. */
  live: { recipe: string | null; lastEvent: number } | null;
  main: Html;
}

export interface Surroundings {
  assets: Assets;
  status: StatusReport;
  now: Date;
}

export function layout({ title, live, main }: Shell, { assets, status, now }: Surroundings): Html {
  const { style, script, icon } = assets.paths;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="${icon}" type="image/svg+xml" />
        <link rel="stylesheet" href="${style}" />
        <script src="${script}" type="module"></script>
      </head>
      <body ${live !== null && html`data-after="${live.lastEvent}" data-recipe="${live.recipe ?? ''}"`}>
        ${GLYPHS}
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <a class="brand" href="/"><img src="${icon}" alt="" width="24" height="24" />Recipe reconciler</a>
          ${live !== null && html`<p id="live" class="live" role="status">${glyph('dot')}<span>As of the last reload</span></p>`}
        </header>
        <main id="main" tabindex="-1">${main}</main>
        <footer class="bottom" id="bottom" data-live>
          <p>
            Looked at ${moment(status.observedAt, now)} or later, by version ${status.program.version}
            <span class="commit">${status.program.commit.slice(0, 12)}</span>
          </p>
          <nav aria-label="For programs">
            <ul>
              <li><a href="/api/recipes">JSON</a></li>
              <li><a href="/metrics">Metrics</a></li>
            </ul>
          </nav>
        </footer>
      </body>
    </html> `;
}

export function notices(said: readonly string[], error: string | null): Html {
  const all = [...(error === null ? [] : [error]), ...said];
  return html`<div id="notices" class="notices" data-live>
    ${all.map((notice) => html`<p class="notice">${glyph('alert')}<span>${notice}</span></p>`)}
  </div>`;
}
