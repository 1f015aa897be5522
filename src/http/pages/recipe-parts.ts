/** What of a recipe lies where: its generations, upstream, mirror, and what nobody accounts for. */
import { size } from '../../amounts.ts';
import type { ReleaseRef } from '../../reconciler/model.ts';
import type { ExplainedRecipe } from '../operator.ts';
import { facts } from './facts.ts';
import { glyph } from './glyphs.ts';
import { html, type Html } from './html.ts';
import { moment, since } from './moment.ts';

/** Older ones are counted. */
const RELEASES = 12;

export function generations({ observed }: ExplainedRecipe): Html {
  const all = observed.generations;
  const shown =
    all.length === 0
      ? html`<p class="aside">None is kept. The first trial that turns out green makes one.</p>`
      : html`<div class="scroll" tabindex="0" role="group" aria-labelledby="h-generations">
          <table>
            <thead>
              <tr>
                <th scope="col">Number</th>
                <th scope="col">Role</th>
                <th scope="col">Release</th>
                <th scope="col">Size</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              ${all.map(
                ({ generation, role, version, bytes, state }) =>
                  html`<tr>
                    <th scope="row">${generation}</th>
                    <td>${role}</td>
                    <td class="version">${version ?? '?'}</td>
                    <td class="size">${size(bytes)}</td>
                    <td>${glyph(state === 'intact' ? 'check' : 'alert')}${state}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>`;
  return html`<section class="card" id="generations" aria-labelledby="h-generations" data-live>
    <h2 id="h-generations">Generations</h2>
    ${shown}
  </section>`;
}

/** What programs in the manner of Kubernetes ask: ready, at work, stuck. */
export function conditions({ conditions: all }: ExplainedRecipe, now: Date): Html {
  const generation = all[0]?.observedGeneration ?? null;
  return html`<section class="card" id="conditions" aria-labelledby="h-conditions" data-live>
    <h2 id="h-conditions">Conditions</h2>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="h-conditions">
      <table>
        <thead>
          <tr>
            <th scope="col">Condition</th>
            <th scope="col">Status</th>
            <th scope="col">Reason</th>
            <th scope="col">For</th>
          </tr>
        </thead>
        <tbody>
          ${all.map(
            ({ type, status, reason, message, lastTransitionTime }) =>
              html`<tr title="${message}">
                <th scope="row">${type}</th>
                <td>${status}</td>
                <td>${reason}</td>
                <td>${since(lastTransitionTime, now)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${generation !== null && html`<p class="aside">By the manifest as of <code>${generation}</code></p>`}
  </section>`;
}

export function upstream({ upstream: { url, state, releases, ignored }, decision }: ExplainedRecipe): Html {
  return html`<section class="card" id="upstream" aria-labelledby="h-upstream" data-live>
    <h2 id="h-upstream">Upstream</h2>
    ${facts([
      ['Repository', url === null ? 'no manifest' : linked(url)],
      ['State', state],
    ])}
    ${
      releases.length > 0 &&
      html`<h3>Releases</h3>
        <ul class="tags">
          ${releases.slice(0, RELEASES).map((release) => html`<li>${released(release, decision)}</li>`)}
        </ul>
        ${releases.length > RELEASES && html`<p class="aside">and ${releases.length - RELEASES} older ones</p>`}`
    }
    ${
      ignored.length > 0 &&
      html`<details>
        <summary>${ignored.length} ignored ${ignored.length === 1 ? 'tag' : 'tags'}</summary>
        <ul class="tags">
          ${ignored.map(({ tag, rule }) => html`<li><span class="version">${tag}</span> <span class="aside">${rule}</span></li>`)}
        </ul>
      </details>`
    }
  </section>`;
}

function released({ version, commit }: ReleaseRef, { canonical, latest }: ExplainedRecipe['decision']): Html {
  const roles = [canonical?.version === version && 'canonical', latest?.version === version && 'newest'];
  const said = roles.filter((role) => role !== false).join(', ');
  return html`<span class="version">${version}</span>
    <span class="commit" title="${commit}">${commit.slice(0, 12)}</span
    >${said !== '' && html` <span class="role">${said}</span>`}`;
}

export function mirror({ mirror: found, rewrites }: ExplainedRecipe, now: Date): Html | null {
  if (found === null && rewrites.length === 0) return null;
  return html`<section class="card" id="mirror" aria-labelledby="h-mirror" data-live>
    <h2 id="h-mirror">Mirror</h2>
    ${
      found !== null &&
      facts([
        ['Repository', linked(found.url)],
        ['State', found.state],
        [
          'Failing',
          found.failing === null
            ? null
            : html`since ${moment(found.failing.since, now)}: ${found.failing.message}`,
        ],
        [
          'Pull requests',
          found.pullRequests === null
            ? null
            : html`since ${moment(found.pullRequests.since, now)}: ${found.pullRequests.message}`,
        ],
        ["People's own tags", found.foreignTags.length === 0 ? null : found.foreignTags.join(', ')],
      ])
    }
    ${
      rewrites.length > 0 &&
      html`<h3>Rewritten by upstream</h3>
        <ul class="tags">
          ${rewrites.map(({ ref, from, to, at }) => html`<li><span class="version">${ref}</span> <span class="commit">${from.slice(0, 12)} → ${to?.slice(0, 12) ?? 'withdrawn'}</span> <span class="aside">${moment(at, now)}</span></li>`)}
        </ul>`
    }
  </section>`;
}

export function leftovers({ observed: { leftovers: left } }: ExplainedRecipe): Html | null {
  if (left.length === 0) return null;
  return html`<section class="card" id="leftovers" aria-labelledby="h-leftovers" data-live>
    <h2 id="h-leftovers">Left over</h2>
    <ul>
      ${left.map(({ where, why, ours }) => html`<li><code>${where}</code> ${why}${!ours && html` <span class="role">not made by this program</span>`}</li>`)}
    </ul>
    <p class="aside">What this program made is removed by <code>reconcile gc</code></p>
  </section>`;
}

/** Only what a browser can go to. */
function linked(url: string): Html {
  return /^https?:\/\//.test(url)
    ? html`<a href="${url}" rel="noreferrer">${url}</a>`
    : html`<code>${url}</code>`;
}
