/** How the pages look: kept as pictures, measured for accessibility in both colour schemes, and never wider than a screen. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { manyRows, rowWith } from '../made-up-fleet.ts';
import { MadeUpOperator } from '../made-up-operator.ts';
import { serve } from '../serving.ts';
import { isLive, keepPicture, openPage, PHONE, SCHEMES, useBrowser } from './browser.ts';

useBrowser();

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds wrong, in short. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found: AxeResults = await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(rules)} })`);
  expect(found.passes.length).toBeGreaterThan(10);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

async function widthOf(page: Page): Promise<number> {
  return await page.evaluate('document.documentElement.scrollWidth');
}

function busyOperator(): MadeUpOperator {
  const operator = new MadeUpOperator();
  operator.runOne();
  operator.said = [
    'manifests/reconciler.yaml:7:13: expected a duration such as 90s or 6h, got "soon"; the last good configuration of 2026-06-21T08:02:11Z is followed',
  ];
  return operator;
}

const LONG = rowWith({
  recipe: 'a-recipe-whose-name-is-as-long-as-may-be',
  decision: 'unknown',
  reason: 'volumes-unreadable',
  message: `could not read /srv/state/${'deep/'.repeat(40)}: ${'EACCES '.repeat(30)}`,
  latest: { version: `1.0.0+${'x'.repeat(200)}`, commit: 'c' },
  canonical: { version: `0.9.0+${'y'.repeat(200)}`, commit: 'c', generation: 1 },
  notes: ['n'.repeat(400)],
});

const PAGES: readonly (readonly [name: string, path: string, operator: () => MadeUpOperator])[] = [
  ['fleet', '/', busyOperator],
  ['fleet-found', '/?q=tag&decision=held&sort=-size', busyOperator],
  ['fleet-none-found', '/?q=nothing+like+it', busyOperator],
  ['fleet-empty', '/', () => new MadeUpOperator([])],
  ['fleet-long-words', '/', () => new MadeUpOperator([LONG])],
  ['recipe-red', '/recipes/keycloak', busyOperator],
  ['recipe-in-sync', '/recipes/gitea', busyOperator],
  ['recipe-running', '/recipes/matrix-synapse', busyOperator],
  ['recipe-tag-moved', '/recipes/peertube', busyOperator],
  ['trial', '/trials/20260621T081502Z-keycloak-9', busyOperator],
  ['nothing-there', '/nowhere', busyOperator],
];

describe.each(SCHEMES)('in a %s colour scheme', (colorScheme) => {
  it.each(PAGES)('%s is fit for everybody', async (name, path, operator) => {
    const { url } = await serve(operator());
    const page = await openPage(`${url}${path}`, { colorScheme, reducedMotion: 'reduce' });
    if (path !== '/nowhere') await isLive(page);
    await keepPicture(page, `${name}-${colorScheme}`);
    // What is folded up is measured too.
    for (const details of await page.locator('details:visible').all())
      await details.evaluate((element) => element.setAttribute('open', ''));
    expect(await faultsOf(page)).toEqual([]);
    expect(await widthOf(page)).toBeLessThanOrEqual(1280);
  });
});

describe('on a phone', () => {
  it.each(PAGES)('%s fits', async (name, path, operator) => {
    const { url } = await serve(operator());
    const page = await openPage(`${url}${path}`, { viewport: PHONE, hasTouch: true });
    if (path !== '/nowhere') await isLive(page);
    await keepPicture(page, `${name}-phone`);
    expect(await widthOf(page)).toBeLessThanOrEqual(PHONE.width);
    expect(await faultsOf(page)).toEqual([]);
  });
});

describe('a thousand recipes', () => {
  it('are shown', async () => {
    const { url } = await serve(new MadeUpOperator(manyRows(1000)));
    const page = await openPage(url);
    await isLive(page);
    expect(await page.locator('#rows > tr').count()).toBe(1000);
    await keepPicture(page, 'fleet-thousand', false);
    const last = page.locator('#rows > tr').last().locator('.recipe a');
    const isLaidOut = async (): Promise<boolean> =>
      await last.evaluate((link) => link.checkVisibility({ contentVisibilityAuto: true }));
    expect(await isLaidOut()).toBe(false);
    await last.focus();
    await expect.poll(isLaidOut).toBe(true);
    await page.locator('input[name=q]').fill('recipe-09');
    await page.locator('#shown', { hasText: '100 of 1000 shown' }).waitFor();
  });
});
