/** Every page as an answer: what is asked of the operator for it, and what is said where there is nothing. */
import type { Answer } from '../answer.ts';
import { page } from '../answer.ts';
import type { Assets } from '../assets.ts';
import type { Operator } from '../operator.ts';
import { fleet, fleetRows, type FleetPage } from './fleet.ts';
import { fleetQuery } from './fleet-query.ts';
import { html, type Html } from './html.ts';
import { layout, type Shell } from './layout.ts';
import { recipe } from './recipe.ts';
import { trial } from './trial.ts';

export interface Pages {
  fleet: (query: URLSearchParams) => Answer;
  /** For a page that is open: the rows of `recipe`, and what is around them. */
  fleetRows: (query: URLSearchParams) => Answer;
  recipe: (name: string) => Promise<Answer>;
  trial: (id: string) => Promise<Answer>;
  nothing: () => Answer;
  failure: (status: number, why: string) => Answer;
}

export interface PageParts {
  operator: Operator;
  assets: Assets;
  now: () => Date;
}

export function makePages({ operator, assets, now }: PageParts): Pages {
  const shell = (shown: Shell): Html => layout(shown, { assets, status: operator.status(), now: now() });
  const failure = (status: number, why: string): Answer =>
    page(shell({ title: 'Not here', live: null, main: failed(status, why) }), status);
  const fleetPage = (query: URLSearchParams): FleetPage => ({
    status: operator.status(),
    running: operator.running(),
    said: operator.notices(),
    query: fleetQuery(query),
    now: now(),
  });
  const live = (name: string | null): Shell['live'] => ({ recipe: name, lastEvent: operator.events.lastId });
  return {
    fleet: (query) => {
      // Before anything is read: what happens meanwhile is looked at again.
      const from = live(null);
      return page(shell({ title: 'Fleet', live: from, main: fleet(fleetPage(query)) }));
    },
    fleetRows: (query) => page(fleetRows(fleetPage(query), new Set(query.getAll('recipe')))),
    recipe: async (name) => {
      const from = live(name);
      const explained = await operator.explain(name);
      if (explained === null) return failure(404, `No recipe is called "${name}".`);
      const row = operator.status().recipes.find((each) => each.recipe === name) ?? null;
      const trials = await operator.trials(name);
      const running = operator.running().find((each) => each.recipe === name) ?? null;
      const main = recipe({ explained, row, trials, running, now: now() });
      return page(shell({ title: name, live: from, main }));
    },
    trial: async (id) => {
      const from = operator.events.lastId;
      const record = await operator.trial(id);
      if (record === null) return failure(404, `No trial ${id} is stored.`);
      const main = trial(record, await operator.failureTail(record), now());
      return page(shell({ title: id, live: { recipe: record.recipe, lastEvent: from }, main }));
    },
    nothing: () => failure(404, 'There is nothing at this address.'),
    failure,
  };
}

function failed(status: number, why: string): Html {
  return html`<section class="empty">
    <h1>${status === 404 ? 'Nothing here' : 'That did not work'}</h1>
    <p>${why}</p>
    <p><a href="/">Go to the fleet</a></p>
  </section>`;
}
