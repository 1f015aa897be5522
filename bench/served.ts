/**
 * What the running loop takes for a fleet: for its page, as bytes and as a browser shows it, for a scrape, for a webhook,
 * and until it has looked at a recipe whose manifest was edited. Over real HTTP, to the program as a process of its own.
 */
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesOf, type Fleet } from './fleet.ts';
import { measureByTurns, median, type Contestant } from './rounds.ts';
import { HOOK_SECRET, RunningLoop } from './running-loop.ts';

export interface ServedCost {
  recipes: number;
  /** From asking to the last byte. */
  pageMs: number;
  scrapeMs: number;
  /** From sending it to being told that its recipe is on the queue. */
  webhookMs: number;
  /** From writing to a manifest to its recipe's having been looked at. */
  editMs: number;
  /** Until a browser has the page, laid out and with its script run; null where there is no Chromium. */
  shownMs: number | null;
}

const CHROMIUM = '/usr/bin/chromium';

export async function measureServed(fleet: Fleet, rounds: number): Promise<ServedCost> {
  const { loop, url } = await RunningLoop.start(fleet);
  try {
    return {
      recipes: fleet.size,
      pageMs: await medianOf(rounds, () => ask(url)),
      scrapeMs: await medianOf(rounds, () => ask(`${url}/metrics`)),
      webhookMs: await medianOf(rounds, () => sendWebhook(url, fleet)),
      editMs: await medianOf(rounds, () => edit(loop, fleet)),
      shownMs: existsSync(CHROMIUM) ? await measureShown(url, rounds) : null,
    };
  } finally {
    await loop.stop();
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

async function ask(url: string, init: RequestInit = {}): Promise<void> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} was answered ${response.status}`);
  await response.text();
}

/** As of a push to the upstream of the fleet's last recipe. */
async function sendWebhook(url: string, { urls }: Fleet): Promise<void> {
  const body = JSON.stringify({ ref: 'refs/tags/x', repository: { clone_url: urls.at(-1) } });
  const signature = createHmac('sha256', HOOK_SECRET).update(body).digest('hex');
  const headers = { 'Content-Type': 'application/json', 'X-Gitea-Signature': signature };
  await ask(`${url}/hooks/gitea`, { method: 'POST', body, headers });
}

async function edit(loop: RunningLoop, { folder, size }: Fleet): Promise<void> {
  const [recipe = ''] = namesOf(size);
  const looked = loop.line((line) => line.msg === 'looked' && line.recipe === recipe);
  await appendFile(join(folder, 'manifests', `${recipe}.yaml`), '# edited\n');
  await looked;
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
