/** What people do with the pages: with scripts, without them, with a keyboard, and while things happen. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { before, rowWith } from '../made-up-fleet.ts';
import { MadeUpOperator } from '../made-up-operator.ts';
import { serve } from '../serving.ts';
import { isLive, openPage, useBrowser } from './browser.ts';

useBrowser();

async function shownIn(page: Page): Promise<string[]> {
  return await page.locator('#rows > tr:visible > th').allInnerTexts();
}

describe('without scripts', () => {
  it('the fleet is found, sorted and gone through by links and a form', async () => {
    const { url } = await serve();
    const page = await openPage(url, { javaScriptEnabled: false });
    expect(await shownIn(page)).toHaveLength(12);
    await page.getByLabel('Find').fill('tag');
    await page.getByRole('combobox', { name: 'Decision' }).selectOption('held');
    await page.getByRole('button', { name: 'Apply' }).click();
    expect(await shownIn(page)).toEqual(['peertube']);
    await page.getByRole('link', { name: 'All 12' }).click();
    await page.getByRole('link', { name: 'Size', exact: true }).click();
    await page.waitForURL(/sort=-size/);
    expect((await shownIn(page))[0]).toBe('peertube');
    await page.locator('#rows').getByRole('link', { name: 'peertube' }).click();
    await page.getByRole('heading', { name: 'peertube held' }).waitFor();
    expect(await page.locator('#live').innerText()).toBe('As of the last reload');
  });

  it('what is long is opened', async () => {
    const { url } = await serve();
    const page = await openPage(url, { javaScriptEnabled: false });
    const note = page.getByText('share a recipe version and point at different commits');
    expect(await note.isVisible()).toBe(false);
    await page.locator('[id="row-keycloak"] summary').click();
    expect(await note.isVisible()).toBe(true);
  });
});

describe('with scripts', () => {
  it('what is typed is found at once, and stands in the address', async () => {
    const { url } = await serve();
    const page = await openPage(url);
    await page.getByLabel('Find').pressSequentially('synapse');
    expect(await shownIn(page)).toEqual(['matrix-synapse']);
    expect(new URL(page.url()).searchParams.get('q')).toBe('synapse');
    await page.locator('#shown', { hasText: '1 of 12 shown' }).waitFor();
    await page.getByLabel('Find').fill('nothing like it');
    await page.getByText('No recipe matches').waitFor();
    await page.getByRole('link', { name: 'Show all recipes' }).click();
    expect(await shownIn(page)).toHaveLength(12);
    expect(await page.getByLabel('Find').inputValue()).toBe('');
  });

  it.each([
    'recipe',
    '-recipe',
    'decision',
    '-decision',
    'newest',
    '-newest',
    'drift',
    '-drift',
    'trial',
    '-trial',
    'size',
    '-size',
  ])('sorting by %s in place is what the server would have sent', async (sort) => {
    const { url } = await serve();
    const page = await openPage(url);
    await page.getByRole('combobox', { name: 'Order' }).selectOption(sort);
    const inPlace = await shownIn(page);
    await page.goto(`${url}/?sort=${sort}`);
    expect(inPlace).toEqual(await shownIn(page));
  });

  it('a heading sorts in place, says so, and turns round', async () => {
    const { url, operator } = await serve();
    const page = await openPage(url);
    const heading = page.locator('#head th.size');
    await heading.getByRole('link').click();
    expect((await shownIn(page))[0]).toBe('nextcloud');
    await page.locator('#head th.size[aria-sort=descending]').waitFor();
    expect(await page.getByRole('combobox', { name: 'Order' }).inputValue()).toBe('-size');
    await heading.getByRole('link').click();
    await page.locator('#head th.size[aria-sort=ascending]').waitFor();
    expect((await shownIn(page)).at(-1)).toBe('nextcloud');
    expect(operator.rows).toHaveLength(12);
  });

  it('a count shows only those', async () => {
    const { url } = await serve();
    const page = await openPage(url);
    await page.getByRole('link', { name: 'held 2' }).click();
    expect(await shownIn(page)).toEqual(['keycloak', 'peertube']);
    await page.locator('#summary a[aria-current=true]', { hasText: 'held' }).waitFor();
    expect(await page.getByRole('combobox', { name: 'Decision' }).inputValue()).toBe('held');
  });

  it('coming back, the form says what is shown', async () => {
    const { url } = await serve();
    const page = await openPage(url);
    await page.getByLabel('Find').fill('keycloak');
    await page.locator('#rows').getByRole('link', { name: 'keycloak' }).click();
    await page.getByRole('heading', { name: 'keycloak' }).waitFor();
    await page.goBack();
    await isLive(page);
    expect(await page.getByLabel('Find').inputValue()).toBe('keycloak');
    expect(await shownIn(page)).toEqual(['keycloak']);
  });
});

describe('while things happen', () => {
  it('a row changes in place, with what counts it', async () => {
    const { url, operator } = await serve();
    const page = await openPage(url);
    await isLive(page);
    operator.change('matrix-synapse', {
      decision: 'in-sync',
      drift: null,
      reason: 'up-to-date',
      message: 'the canonical is the newest release 6.4.0+v1.132.0',
      driftSince: null,
    });
    await page.locator('[id="row-matrix-synapse"]', { hasText: 'in-sync' }).waitFor();
    await page.getByRole('link', { name: 'in-sync 3' }).waitFor();
    expect((await shownIn(page)).slice(-3)).toEqual(['custom-html', 'gitea', 'matrix-synapse']);
  });

  it('what was opened stays open, and what has the focus keeps it', async () => {
    const { url, operator } = await serve();
    const page = await openPage(url);
    await isLive(page);
    await page.locator('[id="row-keycloak"] summary').click();
    await page.locator('[id="row-keycloak"] summary').focus();
    operator.change('keycloak', { message: 'it is red once more, and this is why', bytes: 5 });
    await page.getByText('it is red once more').waitFor();
    expect(await page.getByText('share a recipe version and point').isVisible()).toBe(true);
    expect(await page.evaluate('document.activeElement.closest("tr").id')).toBe('row-keycloak');
  });

  it('a row that does not match goes, and a recipe that is new comes', async () => {
    const { url, operator } = await serve();
    const page = await openPage(`${url}/?decision=held`);
    await isLive(page);
    operator.change('keycloak', { decision: 'in-sync', drift: null });
    await expect.poll(() => shownIn(page)).toEqual(['peertube']);
    operator.rows = [
      ...operator.rows,
      rowWith({ recipe: 'zulip', decision: 'held', reason: 'frozen', message: 'frozen' }),
    ];
    operator.change('zulip', {});
    await expect.poll(() => shownIn(page)).toEqual(['peertube', 'zulip']);
    operator.rows = operator.rows.filter(({ recipe }) => recipe !== 'peertube');
    operator.events.publish({ type: 'pass', recipe: null, at: before(0), data: {} });
    await expect.poll(() => shownIn(page)).toEqual(['zulip']);
  });

  it('an empty fleet fills', async () => {
    const { url, operator } = await serve(new MadeUpOperator([]));
    const page = await openPage(url);
    await isLive(page);
    operator.rows = [rowWith({ recipe: 'gitea' })];
    operator.change('gitea', {});
    await expect.poll(() => shownIn(page)).toEqual(['gitea']);
  });

  it('what happened between the answer and the first event is not missed', async () => {
    const { url, operator } = await serve();
    // Before the script asks for events, as on a slow line.
    const page = await openPage(`${url}/nowhere`);
    let changed = false;
    await page.route('**/api/events*', async (route) => {
      if (!changed) operator.change('gitea', { message: 'something new' });
      changed = true;
      await route.continue();
    });
    await page.goto(url);
    await page.getByText('something new').waitFor();
  });

  it('the page of a recipe follows its trial', async () => {
    const operator = new MadeUpOperator();
    operator.runOne();
    const { url } = await serve(operator);
    const page = await openPage(`${url}/recipes/matrix-synapse`);
    await isLive(page);
    await page.getByText('On trial now: step upgrade').waitFor();
    operator.runs = operator.runs.map((run) => ({ ...run, step: 'rest' }));
    operator.change('matrix-synapse', {}, 'step');
    await page.getByText('On trial now: step rest').waitFor();
    operator.runs = [];
    operator.change('matrix-synapse', {}, 'trial');
    await page.getByText('On trial now').waitFor({ state: 'detached' });
  });

  it('and no event tells of it, it is seen within a minute', async () => {
    const { url, operator } = await serve();
    const page = await openPage(`${url}/nowhere`);
    await page.clock.install();
    await page.goto(url);
    await isLive(page);
    operator.rows = operator.rows.map((row) => ({ ...row, message: 'nobody said so' }));
    await page.clock.runFor(61_000);
    await page.locator('[id="row-gitea"]', { hasText: 'nobody said so' }).waitFor();
  });

  it('a page that was refused events asks for them again', async () => {
    const { url, close, port } = await serve(undefined, { limits: { readers: 0 } });
    const page = await openPage(`${url}/nowhere`);
    await page.clock.install();
    await page.goto(url);
    await page.getByText('Reconnecting…').waitFor();
    await close(AbortSignal.abort());
    const again = await serve(undefined, { port });
    await page.clock.runFor(11_000);
    await isLive(page);
    again.operator.change('gitea', { message: 'heard of again' });
    await page.clock.runFor(1_000);
    await page.getByText('heard of again').waitFor();
  });

  it('a page that nobody sees holds no connection, and knows everything once somebody does', async () => {
    const { url, operator } = await serve(undefined, { limits: { readers: 1 } });
    const page = await openPage(url);
    await isLive(page);
    await page.evaluate(`
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
      document.dispatchEvent(new Event('visibilitychange'));
    `);
    const other = await openPage(url);
    await isLive(other);
    await other.close();
    operator.change('gitea', { message: 'while nobody looked' });
    await page.evaluate(`
      delete document.hidden;
      document.dispatchEvent(new Event('visibilitychange'));
    `);
    await page.getByText('while nobody looked').waitFor();
    operator.change('gitea', { message: 'and now that somebody does' });
    await page.getByText('and now that somebody does').waitFor();
  });

  it('losing the server is said, and finding it again too', async () => {
    const operator = new MadeUpOperator();
    const first = await serve(operator);
    const page = await openPage(first.url);
    await isLive(page);
    await first.close(AbortSignal.abort());
    await page.getByText('Reconnecting…').waitFor();
    operator.change('gitea', { message: 'said meanwhile' });
    await serve(operator, { port: first.port });
    await isLive(page);
    await page.getByText('said meanwhile').waitFor();
  });
});

describe('with a keyboard', () => {
  it('the content is one key away, and every control is reached and seen', async () => {
    const { url } = await serve();
    const page = await openPage(url);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent.trim()')).toMatch(/^All/);
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.getByLabel('Find').focus();
    await page.keyboard.type('keycloak');
    await page.keyboard.press('Enter');
    expect(await shownIn(page)).toEqual(['keycloak']);
    await page.locator('[id="row-keycloak"] summary').focus();
    await page.keyboard.press('Enter');
    expect(await page.getByText('share a recipe version').isVisible()).toBe(true);
  });
});
