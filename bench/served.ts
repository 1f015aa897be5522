/**
 * What the loop's server takes for a fleet: its page, as bytes and as a browser shows it, and a scrape. Over real HTTP, from the
 * rows that a real pass stored. Client and server share this process, so that the times are rather too long than too short.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { EventFeed } from '../src/http/event-feed.ts';
import type { Operator } from '../src/http/operator.ts';
import { startServer } from '../src/http/server.ts';
import { Metrics } from '../src/metrics/metrics.ts';
import { readPasses, type StoredPasses } from '../src/observed/passes.ts';
import { unreadable } from '../src/reconciler/view.ts';
import { Layout } from '../src/state/layout.ts';
import { statusReport } from '../src/status-report.ts';
import type { Fleet } from './fleet.ts';
import { measureByTurns, median, type Contestant } from './rounds.ts';

export interface ServedCost {
  recipes: number;
  /** From asking to the last byte. */
  pageMs: number;
  scrapeMs: number;
  /** Until a browser has it, laid out and with its script run; null where there is no Chromium. */
  shownMs: number | null;
}

const CHROMIUM = '/usr/bin/chromium';

export async function measureServed(fleet: Fleet, rounds: number): Promise<ServedCost> {
  const operator = await operatorOf(fleet);
  const log = pino({ level: 'silent' });
  const { url, close } = await startServer({
    operator,
    host: '127.0.0.1',
    port: 0,
    token: null,
    hookSecret: null,
    log,
  });
  try {
    return {
      recipes: fleet.size,
      pageMs: await medianOf(rounds, () => readAll(url)),
      scrapeMs: await medianOf(rounds, () => readAll(`${url}/metrics`)),
      shownMs: existsSync(CHROMIUM) ? await measureShown(url, rounds) : null,
    };
  } finally {
    await close(AbortSignal.abort());
  }
}

async function medianOf(rounds: number, work: () => Promise<void>): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  return median(took);
}

async function readAll(url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} was answered ${response.status}`);
  await response.text();
}

/** What it takes longer for than for a page with nothing in it, which is its own start. */
async function measureShown(url: string, rounds: number): Promise<number> {
  const costs = await measureByTurns([shows(NOTHING), shows(url)], rounds, () => undefined);
  const [nothing, page] = [NOTHING, url].map((name) => costs.get(name)?.wallMs ?? 0);
  return (page ?? 0) - (nothing ?? 0);
}

function shows(page: string): Contestant {
  // Started by root, it has no sandbox to put itself into.
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--dump-dom', page];
  return { name: page, command: { file: CHROMIUM, args } };
}

const NOTHING = 'about:blank';

async function operatorOf({ folder }: Fleet): Promise<Operator> {
  const passes = await readPasses(new Layout(join(folder, 'state')));
  if (!passes.readable || passes.value === null) throw new Error(`no pass is stored in ${folder}`);
  const { last } = passes.value;
  const metrics = metricsOf(last);
  return {
    status: () => statusReport(last),
    explain: async () => null,
    trials: async () => [],
    trial: async () => null,
    running: () => [],
    readiness: () => ({ ready: true, why: 'a pass is stored' }),
    want: () => false,
    recipesAt: () => [],
    events: new EventFeed(),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    countWebhook: () => undefined,
    notices: () => [],
  };
}

/** As of a loop that watches itself too. */
function metricsOf(last: StoredPasses['last']): Metrics {
  const { observedAt, exitCode, recipes, disk, program, enrolled } = last;
  const metrics = new Metrics(program);
  metrics.watchProcess();
  metrics.passEnded({
    report: { observedAt, exitCode, recipes, disk: disk ?? { allocatedBytes: 0, budgetBytes: null } },
    fleet: { config: unreadable('nothing is said of it'), problems: [] },
    enrolled,
    whole: true,
    others: [],
    unread: {},
    strays: { readable: true, value: [] },
  });
  return metrics;
}
