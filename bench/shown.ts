/**
 * What a person waits for: in a Chromium that is open, from going to the page until the whole of it is laid out and
 * painted, its script has run, and it hears of what happens. Each round is a visitor of its own, with nothing cached.
 */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { median } from './rounds.ts';

const CHROMIUM = '/usr/bin/chromium';

/** In ms, the median; null where there is no Chromium. */
export async function measureShown(url: string, rounds: number): Promise<number | null> {
  if (!existsSync(CHROMIUM)) return null;
  // Started by root, it has no sandbox to put itself into.
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    await visit(browser, url); // Its own start is not the page's.
    const took: number[] = [];
    for (let round = 0; round < rounds; round++) took.push(await visit(browser, url));
    return median(took);
  } finally {
    await browser.close();
  }
}

async function visit(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('#live[data-state="live"]').waitFor();
  // Counted by the page's own clock, which began when it was asked for. The second frame begins when the first was painted.
  const shownMs = await page.evaluate<number>(`new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  })`);
  await context.close();
  return shownMs;
}
