/** Debian's Chromium, headless, and what is kept of what it showed: `screenshots/`, for people to look at. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

const SCREENSHOTS = fileURLToPath(new URL('../../../screenshots/', import.meta.url));
const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const SCHEMES = ['light', 'dark'] as const;
export const PHONE = { width: 390, height: 844 };

let browser: Browser | null = null;

/** One for each file of tests. */
export function useBrowser(): void {
  beforeAll(async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    // Started by root, it has no sandbox to put itself into.
    browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
  });
}

/** A page in a browser profile of its own, in which nothing may go wrong unnoticed. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  if (browser === null) throw new Error('no browser was started');
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      wrong.push(message.text());
  });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  onTestFinished(async () => {
    await context.close();
    expect(wrong).toEqual([]);
    const { origin } = new URL(url);
    expect(asked.filter((each) => !each.startsWith(origin))).toEqual([]);
  });
  await page.goto(url);
  return page;
}

export async function keepPicture(page: Page, name: string, fullPage = true): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage });
}

export async function isLive(page: Page): Promise<void> {
  await page.locator('#live[data-state="live"]').waitFor();
}
