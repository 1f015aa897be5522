/**
 * What the running loop takes for a fleet: for its page, as bytes and as a browser shows it, for a scrape, for a webhook,
 * and until it has looked at a recipe whose manifest was edited. Over real HTTP, to the program as a process of its own.
 */
import { createHmac } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesOf, type Fleet } from './fleet.ts';
import { median } from './rounds.ts';
import { HOOK_SECRET, RunningLoop } from './running-loop.ts';
import { measureShown } from './shown.ts';

export interface ServedCost {
  recipes: number;
  /** From asking to the last byte. */
  pageMs: number;
  scrapeMs: number;
  /** From sending it to being told that its recipe is on the queue. */
  webhookMs: number;
  /** From writing to a manifest to its recipe's having been looked at. */
  editMs: number;
  /** Until a browser that is open has painted the page and heard of its events; null where there is no Chromium. */
  shownMs: number | null;
}

export async function measureServed(fleet: Fleet, rounds: number): Promise<ServedCost> {
  const { loop, url } = await RunningLoop.start(fleet);
  try {
    return {
      recipes: fleet.size,
      pageMs: await medianOf(rounds, () => ask(url)),
      scrapeMs: await medianOf(rounds, () => ask(`${url}/metrics`)),
      webhookMs: await medianOf(rounds, () => sendWebhook(url, fleet)),
      editMs: await medianOf(rounds, () => edit(loop, fleet)),
      shownMs: await measureShown(url, rounds),
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
