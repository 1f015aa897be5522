import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/printable.ts';
import { everyKind, manyRows, rowWith } from '../made-up-fleet.ts';
import { MadeUpOperator } from '../made-up-operator.ts';
import { serve } from '../serving.ts';

interface ShownRow {
  recipe: string;
  hidden: boolean;
  html: string;
}

/** The rows of a page, in the order in which they stand. */
function rowsIn(page: string): ShownRow[] {
  return [...page.matchAll(/<tr[^>]*?\sid="row-([^"]*)"([^>]*)>([^]*?)<\/tr>/g)].map(
    ([, recipe = '', attributes = '', html = '']) => ({
      recipe,
      hidden: /\shidden(\s|$)/.test(attributes),
      html,
    }),
  );
}

const textOf = (html: string): string =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

async function fleetPage(path = '/', operator = new MadeUpOperator()): Promise<string> {
  const { get } = await serve(operator);
  const response = await get(path);
  expect(response.status).toBe(200);
  return await response.text();
}

const shownIn = (page: string): string[] =>
  rowsIn(page)
    .filter(({ hidden }) => !hidden)
    .map(({ recipe }) => recipe);

describe('the fleet page', () => {
  it('has a row for every recipe, what needs attention first', async () => {
    const page = await fleetPage();
    expect(shownIn(page)).toEqual([
      'nextcloud',
      'keycloak',
      'peertube',
      'authentik',
      'wordpress',
      'matrix-synapse',
      'collabora',
      'mailu',
      'drone',
      'rocketchat',
      'custom-html',
      'gitea',
    ]);
  });

  it('says of each what it is, why, from where to where, for how long, and what came of its last trial', async () => {
    const rows = new Map(rowsIn(await fleetPage()).map(({ recipe, html }) => [recipe, textOf(html)]));
    expect(rows.get('keycloak')).toBe(
      'keycloak held failed-same-inputs goes on in 5 h ' +
        'trial 20260621T081502Z-keycloak-9 of 10.7.1+26.6.2 was red at upgrade: the app exited with code 1 after 41 s ' +
        'Liquibase: validation failed: 1 change set check sum is not what it was when it ran; META-INF/jpa-changelog-26.1.0.xml is another one ' +
        '1 more tags 10.7.0+26.6.1 and 10.7.0+26.6.1-1 share a recipe version and point at different commits ' +
        '10.6.0+26.5.4 → , newest is 10.7.1+26.6.2 advance 3 d red 58 min ago 774.4 MiB',
    );
    expect(rows.get('gitea')).toBe(
      'gitea in-sync up-to-date the canonical is the newest release 3.6.0+1.24.2-rootless ' +
        '3.6.0+1.24.2-rootless – none green 30 h ago 1.8 GiB',
    );
    expect(rows.get('collabora')).toContain('no canonical → , newest is 0.3.0+v0.4.219 seed 2 min – none');
    expect(rows.get('peertube')).toContain('Mirror failing: the mirror refused refs/tags/0.6.0+v2026.5.1');
    expect(rows.get('peertube')).toContain('1 left over (49.6 MiB); see reconcile explain peertube');
    expect(rows.get('wordpress')).toContain("1 of its canonical's volumes and secrets missing or changed");
    expect(rows.get('mailu')).toContain(
      'Suspended: the mail team moves to new relays (by dana); it ends in 9 d',
    );
    expect(rows.get('authentik')).toContain('After collabora');
  });

  it.each([
    [null, 'The whole fleet is frozen: the datacentre moves (by ops), without an end'],
    [
      '2026-07-01T00:00:00.000Z',
      'The whole fleet is frozen: the datacentre moves (by ops), until 2026-07-01',
    ],
    [
      '2026-06-01T00:00:00.000Z',
      'The freeze of the whole fleet ended at 2026-06-01T00:00:00.000Z and still stands in the Reconciler document: ' +
        'the datacentre moves (by ops)',
    ],
  ])(
    'says that the whole fleet is frozen, or was and it still stands there: until %s',
    async (until, said) => {
      const operator = new MadeUpOperator();
      operator.freeze = { reason: 'the datacentre moves', by: 'ops', until };
      expect(textOf(await fleetPage('/', operator))).toContain(said);
    },
  );

  it('says what runs', async () => {
    const operator = new MadeUpOperator();
    operator.runOne();
    const page = await fleetPage('/', operator);
    const row = rowsIn(page).find(({ recipe }) => recipe === 'matrix-synapse');
    expect(textOf(row?.html ?? '')).toContain('running upgrade 383.4 MiB');
    expect(textOf(page)).toContain('12 recipes, 1 on trial now , 600.0 MiB on disk of 200.0 GiB');
  });

  it('counts its decisions, and leads to those of each', async () => {
    const page = await fleetPage('/?decision=held');
    const chips = [...page.matchAll(/<a\s+class="chip"\s+href="([^"]*)"([^>]*)>([^]*?)<\/a\s*>/g)].map(
      ([, href, attributes = '', html = '']) => [
        href,
        textOf(html),
        attributes.includes('aria-current="true"'),
      ],
    );
    expect(chips.slice(0, 4)).toEqual([
      ['/', 'All 12', false],
      ['/?decision=unknown', 'unknown 1', false],
      ['/?decision=held', 'held 2', true],
      ['/?decision=blocked', 'blocked 1', false],
    ]);
    expect(shownIn(page)).toEqual(['keycloak', 'peertube']);
  });

  it('tells what a person should know of the whole', async () => {
    const operator = new MadeUpOperator();
    operator.said = ['the last good configuration of <yesterday> is followed'];
    operator.error = 'the manifest folder cannot be read';
    const page = textOf(await fleetPage('/', operator));
    expect(page).toContain(
      'the manifest folder cannot be read the last good configuration of &lt;yesterday&gt; is followed',
    );
  });

  it('says what to do where nothing is enrolled', async () => {
    const page = await fleetPage('/', new MadeUpOperator([]));
    expect(page).toContain('No recipe is enrolled');
    expect(page).toContain('kind: Recipe\nmetadata:\n  name: custom-html\n');
  });

  it('says that it is under way where nothing was observed yet', async () => {
    const operator = new MadeUpOperator([]);
    const status = operator.status();
    operator.status = () => ({ ...status, enrolled: ['gitea'] });
    expect(await fleetPage('/', operator)).toContain('Nothing was observed yet');
  });

  it('has text from outside in it as text, wherever that stands', async () => {
    const evil = '"><script>alert(1)</script>\u001b[31m\u202e';
    const release = { version: `1.0.0+${evil}`, commit: evil };
    const operator = new MadeUpOperator([
      rowWith({
        recipe: evil,
        message: `${evil.repeat(9)}\n${evil}`,
        latest: release,
        canonical: null,
        after: [evil],
        nextAt: evil,
        notes: [evil],
        mirror: {
          url: evil,
          state: 'failing',
          reason: null,
          message: evil,
          due: true,
          failingSince: evil,
          pullRequests: evil,
        },
        lastVerdict: { trial: evil, verdict: 'red', at: evil },
      }),
    ]);
    const page = await fleetPage(
      `/?q=${encodeURIComponent(evil)}&sort=${encodeURIComponent(evil)}`,
      operator,
    );
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(printable(page)).toBe(page);
    expect(page).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\ufffd[31m\ufffd');
  });
});

describe('finding, without any script', () => {
  it.each([
    ['keycloak', ['keycloak']],
    ['KEYCLOAK', ['keycloak']],
    ['collabora canonical', ['authentik', 'collabora']],
    ['rootless', ['gitea']],
    ['tag moved', ['peertube']],
    ['nothing like it', []],
  ])('"%s"', async (text, expected) => {
    const page = await fleetPage(`/?q=${encodeURIComponent(text)}`);
    expect(shownIn(page)).toEqual(expected);
    expect(rowsIn(page)).toHaveLength(12);
    expect(page).toContain(`name="q"\nvalue="${text}"`);
    expect(/id="none-shown"\s+hidden/.test(page)).toBe(expected.length > 0);
  });

  it('and a decision at once, which stay where something else is chosen', async () => {
    const page = await fleetPage('/?q=1&decision=held&sort=-size');
    expect(shownIn(page)).toEqual(['peertube', 'keycloak']);
    expect(page).toContain('href="/?q=1&amp;decision=held&amp;sort=size"');
    expect(page).toContain('href="/?q=1&amp;sort=-size"');
  });
});

describe('sorting, without any script', () => {
  const sorted = async (sort: string): Promise<string[]> => {
    const page = await fleetPage(`/?sort=${sort}`);
    const key = sort.replace('-', '');
    const heading = new RegExp(`<th\\s[^>]*class="${key}"[^>]*aria-sort="(\\w+)"`).exec(page)?.[1];
    expect(heading).toBe(sort.startsWith('-') ? 'descending' : 'ascending');
    expect(page.match(/aria-sort/g)).toHaveLength(1);
    return shownIn(page);
  };

  it('by name', async () => {
    const names = everyKind().map(({ recipe }) => recipe);
    expect(await sorted('recipe')).toEqual(names.toSorted());
    expect(await sorted('-recipe')).toEqual(names.toSorted().toReversed());
  });

  it('by size', async () => {
    expect((await sorted('-size')).slice(0, 3)).toEqual(['nextcloud', 'peertube', 'gitea']);
    expect((await sorted('size')).slice(0, 3)).toEqual(['authentik', 'collabora', 'drone']);
  });

  it('by how long it drifted, with those last that do not', async () => {
    const byDrift = await sorted('-drift');
    expect(byDrift.slice(0, 6)).toEqual([
      'mailu',
      'keycloak',
      'authentik',
      'matrix-synapse',
      'wordpress',
      'collabora',
    ]);
    expect(byDrift.slice(6)).toEqual(byDrift.slice(6).toSorted());
  });

  it('by the last trial', async () => {
    expect((await sorted('-trial')).slice(0, 2)).toEqual(['keycloak', 'gitea']);
  });

  it('by release, as numbers', async () => {
    const rows = ['1.9.0+1.0', '1.10.0+1.0', '1.9.0+10.0'].map((version, index) =>
      rowWith({ recipe: `r${index}`, latest: { version, commit: 'c' } }),
    );
    expect(shownIn(await fleetPage('/?sort=newest', new MadeUpOperator(rows)))).toEqual(['r0', 'r2', 'r1']);
  });

  it('by something that there is not is by what needs attention', async () => {
    expect(shownIn(await fleetPage('/?sort=nonsense'))).toEqual(shownIn(await fleetPage()));
  });
});

describe('a fragment of the fleet', () => {
  it('has the rows that are asked for, as the page has them', async () => {
    const { get } = await serve();
    const page = await (await get('/?decision=held')).text();
    const fragment = await (
      await get('/fragments/fleet?decision=held&recipe=gitea&recipe=keycloak&recipe=nobody')
    ).text();
    const rows = rowsIn(fragment);
    expect(rows.map(({ recipe }) => recipe).toSorted()).toEqual(['gitea', 'keycloak']);
    for (const row of rows) expect(rowsIn(page)).toContainEqual(row);
    for (const id of ['summary', 'head']) {
      const part = new RegExp(`<(\\w+)[^>]*\\sid="${id}"[^]*?</\\1>`);
      expect(part.exec(fragment)?.[0]).toBe(part.exec(page)?.[0]);
    }
  });

  it('is small, whatever the fleet is', async () => {
    const { get } = await serve(new MadeUpOperator(manyRows(1000)));
    const fragment = await (await get('/fragments/fleet?recipe=recipe-0007')).text();
    expect(fragment.length).toBeLessThan(10_000);
  });
});
