/** What there is at which address. */
import { problem, type Answer } from './answer.ts';
import * as api from './api.ts';
import type { EndlessRoute, Route } from './application.ts';
import type { Assets } from './assets.ts';
import { lastSeen, type EventStreams } from './event-stream.ts';
import * as health from './health.ts';
import type { Operator } from './operator.ts';
import type { Pages } from './pages/pages.ts';
import { giteaHook } from './webhook.ts';

export interface RouteParts {
  operator: Operator;
  pages: Pages;
  assets: Assets;
  streams: EventStreams;
  token: string | null;
  hookSecret: string | null;
}

export function routesOf({ operator, pages, assets, token, hookSecret }: RouteParts): Route[] {
  return [
    get('/healthz', health.alive),
    get('/readyz', () => health.ready(operator)),
    get('/metrics', () => health.metrics(operator)),
    get('/', ({ query }) => pages.fleet(query)),
    get('/fragments/fleet', ({ query }) => pages.fleetRows(query)),
    get('/recipes/:name', ({ params }) => pages.recipe(params['name'] ?? '')),
    get('/trials/:id', ({ params }) => pages.trial(params['id'] ?? '')),
    get('/assets/:name', ({ params }) => assets.at(`/assets/${params['name']}`) ?? pages.nothing()),
    get('/api/recipes', () => api.recipes(operator)),
    get('/api/recipes/:name', (question) => api.recipe(operator, question)),
    get('/api/trials/:id', (question) => api.trial(operator, question)),
    post('/api/recipes/:name/reconcile', (question) => api.reconcile(operator, token, question)),
    post('/hooks/gitea', giteaHook(operator, hookSecret)),
  ];
}

export function eventsRoute({ streams }: RouteParts): EndlessRoute {
  return {
    path: '/api/events',
    begin: ({ headers, query }, response) => {
      if (streams.full)
        return problem(503, 'too many read events already; try again later', { 'Retry-After': '30' });
      streams.serve(response, lastSeen(headers, query));
      return null;
    },
  };
}

/** Programs are answered in JSON, people with a page. */
export function failureOf(pages: Pages): (path: string, status: number, why: string) => Answer {
  return (path, status, why) =>
    /^\/(api|hooks)(\/|$)/.test(path) ? problem(status, why) : pages.failure(status, why);
}

function get(path: string, respond: Route['respond']): Route {
  return { path, method: 'GET', respond };
}

function post(path: string, respond: Route['respond']): Route {
  return { path, method: 'POST', respond };
}
