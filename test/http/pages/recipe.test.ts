import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/printable.ts';
import { LOG_TAIL, redTrials } from '../made-up-fleet.ts';
import { MadeUpOperator } from '../made-up-operator.ts';
import { serve } from '../serving.ts';

const textOf = (html: string): string =>
  html
    .replaceAll(/<title>[^<]*<\/title\s*>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

async function pageAt(path: string, operator = new MadeUpOperator()): Promise<string> {
  const { get } = await serve(operator);
  const response = await get(path);
  expect(response.status).toBe(200);
  return await response.text();
}

describe('the page of a recipe', () => {
  it('answers first why nothing happens', async () => {
    const page = textOf(await pageAt('/recipes/keycloak'));
    expect(page).toContain(
      'keycloak held Nothing is happening because keycloak is held (failed-same-inputs): trial',
    );
    expect(page).toContain('10.6.0+26.5.4 → , newest is 10.7.1+26.6.2');
    expect(page).toContain('Goes on by spec.retry of its manifest');
  });

  it('has every trial, newest first, with each step, what came of it, and how long it took', async () => {
    const page = await pageAt('/recipes/keycloak');
    const trials = [...page.matchAll(/<details\s+class="tried"[^]*?<\/details>/g)].map(([html]) =>
      textOf(html),
    );
    expect(trials).toHaveLength(5);
    expect(trials[0]).toBe(
      'red 10.7.1+26.6.2 from 10.6.0+26.5.4 74 min ago , took 1m40s Step Result Took When Message ' +
        'sync ok 1.1s checkout ok 0.5s install ok 44.0s healthy after 36 s, 2 checks passed ' +
        'upgrade failed 52.0s the app exited with code 1 after 41 s; it was healthy on the base release before the upgrade ' +
        'tidy ok 2.4s 20260621T081502Z-keycloak-9',
    );
    expect(trials.map((trial) => trial.split(' ')[0])).toEqual([
      'red',
      'timeout',
      'promoted',
      'interrupted',
      'promoted',
    ]);
  });

  it('draws the steps in proportion, over the longest of the trials', async () => {
    const page = await pageAt('/recipes/keycloak');
    const bars = [...page.matchAll(/<\/span\s*>\s*<svg class="bar"[^]*?<\/svg>/g)].map(([svg]) =>
      [...svg.matchAll(/<rect\s[^>]*class="step (\w+)"[^>]*?\sx="(\d+)"[^>]*?\swidth="(\d+)"/g)].map(
        ([, name, x, width]) => ({ name, x: Number(x), width: Number(width) }),
      ),
    );
    expect(bars).toHaveLength(5);
    const [red = [], timeout = []] = bars;
    expect(red.map(({ name }) => name)).toEqual(['sync', 'checkout', 'install', 'upgrade', 'tidy']);
    const widthOf = (bar: typeof red, name: string): number =>
      bar.find((step) => step.name === name)?.width ?? 0;
    expect(widthOf(red, 'install')).toBe(widthOf(timeout, 'install'));
    expect(widthOf(red, 'upgrade') / widthOf(red, 'install')).toBeCloseTo(52 / 44, 1);
    for (const bar of bars) {
      for (const [index, step] of bar.entries())
        expect(step.x).toBe(bar.slice(0, index).reduce((sum, { width }) => sum + width, 0));
      expect(bar.reduce((sum, { width }) => sum + width, 0)).toBeLessThanOrEqual(1006);
    }
  });

  it('has the end of the log of the step that failed', async () => {
    const page = await pageAt('/recipes/keycloak');
    const [, log = ''] = /<pre class="log"[^>]*>([^]*?)<\/pre/.exec(page) ?? [];
    expect(log.split('\n')).toEqual(LOG_TAIL);
    expect(textOf(page)).toContain(`reconcile logs keycloak --trial ${redTrials()[0]?.id} --step upgrade`);
    expect(await pageAt('/recipes/gitea')).not.toContain('<pre class="log"');
  });

  it('has its generations, releases, and the tags that are ignored, with the rule', async () => {
    const page = textOf(await pageAt('/recipes/gitea'));
    expect(page).toContain('11 canonical 3.6.0+1.24.2-rootless 1.8 GiB intact');
    expect(page).toContain('10 kept 1.0.0+1.0');
    expect(page).toMatch(/3\.6\.0\+1\.24\.2-rootless [0-9a-f]{12} canonical, newest/);
    expect(page).toContain('2 ignored tags v2.4.8 is not MAJOR.MINOR.PATCH+APP: no leading v');
  });

  it('has its mirror, what upstream rewrote, and what is left over', async () => {
    const page = textOf(await pageAt('/recipes/peertube'));
    expect(page).toContain('State failing: the mirror refused refs/tags/0.6.0+v2026.5.1: tag is protected');
    expect(page).toContain('Failing since 11 h ago');
    expect(page).toContain('own tags team-2026-06');
    expect(page).toContain('Rewritten by upstream refs/tags/0.6.0+v2026.5.1');
    expect(page).toContain('Left over peertube/generations/3 no record names it');
    expect(page).toContain('reconcile gc');
  });

  it('says what runs now, and for how long', async () => {
    const operator = new MadeUpOperator();
    operator.runOne();
    const page = textOf(await pageAt('/recipes/matrix-synapse', operator));
    expect(page).toContain('On trial now: step upgrade of 20260621T092825Z-matrix-synapse-6');
    expect(page).toContain('running 6.4.0+v1.132.0 from 6.3.1+v1.130.0 95 s ago , for 1m35s');
    expect(page).toContain('upgrade open 32.1s');
  });

  it('says that it is suspended and the fleet frozen, also where it is in sync', async () => {
    const operator = new MadeUpOperator();
    const suspended = { reason: 'moving house', by: 'ann', until: null };
    operator.change('gitea', { suspended });
    operator.freeze = { reason: 'audit', by: null, until: '2026-06-01T00:00:00.000Z' };
    const page = textOf(await pageAt('/recipes/gitea', operator));
    expect(page).toContain(' gitea is suspended: moving house (by ann), without an end');
    expect(page).toContain(
      'The freeze of the whole fleet ended at 2026-06-01T00:00:00.000Z and still stands',
    );
  });

  it('has its conditions, with why and since when, and by which wording of its manifest', async () => {
    const page = textOf(await pageAt('/recipes/gitea'));
    expect(page).toContain(
      'Conditions Condition Status Reason For Ready True up-to-date 4 h Reconciling False',
    );
    expect(page).toContain('By the manifest as of sha256:0d1f5a7c9e3b');
  });

  it.each([
    ['drone', 'There is none to show, and none has to be run now.'],
    ['keycloak', 'There is none to show. One begins as soon as the decision is to act'],
  ])('says of %s what to expect where there is no trial', async (name, expected) => {
    const operator = new MadeUpOperator();
    operator.trials = async () => [];
    expect(textOf(await pageAt(`/recipes/${name}`, operator))).toContain(expected);
  });

  it('leads nowhere that a browser should not go', async () => {
    const operator = new MadeUpOperator();
    const explain = operator.explain.bind(operator);
    operator.explain = async (recipe) => {
      const explained = await explain(recipe);
      if (explained === null) return null;
      return { ...explained, upstream: { ...explained.upstream, url: 'javascript:alert(1)' } };
    };
    const page = await pageAt('/recipes/gitea', operator);
    expect(page).toContain('javascript:alert(1)');
    expect(page).not.toMatch(/href="javascript:/);
  });

  it('has text from outside in it as text', async () => {
    const evil = '</pre><script>alert(1)</script>\u001b]0;x\u0007';
    const operator = new MadeUpOperator();
    const explain = operator.explain.bind(operator);
    operator.explain = async (recipe) => {
      const explained = await explain(recipe);
      if (explained === null) return null;
      return {
        ...explained,
        answer: evil,
        upstream: { ...explained.upstream, ignored: [{ tag: evil, rule: evil }], state: evil },
        logTail: [evil],
      };
    };
    operator.stored.set(
      'keycloak',
      (operator.stored.get('keycloak') ?? []).map((trial) => ({ ...trial, version: evil, message: evil })),
    );
    const page = await pageAt('/recipes/keycloak', operator);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(printable(page)).toBe(page);
  });
});

describe('the page of a trial', () => {
  it('says what was tested, from what, by whom, and each step', async () => {
    const page = textOf(await pageAt('/trials/20260621T081502Z-keycloak-9'));
    expect(page).toContain('Fleet / keycloak Trial of keycloak 10.7.1+26.6.2 red the app exited with code 1');
    expect(page).toContain('Upgraded from 10.6.0+26.5.4, generation 8 Makes generation 9');
    expect(page).toContain('on ci-1');
    expect(page).toContain('upgrade failed 52.0s');
    expect(page).toContain('reconcile logs keycloak --trial 20260621T081502Z-keycloak-9');
  });

  it('says what ran, and what a person should know of it, where there is anything', async () => {
    const operator = new MadeUpOperator();
    const [trial] = operator.stored.get('keycloak') ?? [];
    if (trial === undefined) throw new Error('a trial is made up');
    expect(textOf(await pageAt(`/trials/${trial.id}`))).not.toContain('Images');
    const images = [
      { service: 'app', reference: 'keycloak:26.6.2', digest: 'sha256:d', id: 'sha256:i' },
      { service: 'db', reference: 'built:here', digest: null, id: 'sha256:j' },
    ];
    const base = { version: '10.6.0+26.5.4', generation: null };
    operator.stored.set('keycloak', [{ ...trial, base, images, notes: ['only the inside was judged'] }]);
    const page = textOf(await pageAt(`/trials/${trial.id}`, operator));
    expect(page).toContain('Notes only the inside was judged');
    expect(page).toContain('Images app: keycloak:26.6.2, sha256:d; db: built:here, sha256:j');
    expect(page).toContain('Upgraded from 10.6.0+26.5.4, adopted');
  });

  it('has the end of the log of the step that failed, where one did', async () => {
    const page = await pageAt('/trials/20260621T081502Z-keycloak-9');
    const [, log = ''] = /<pre class="log"[^>]*>([^]*?)<\/pre/.exec(page) ?? [];
    expect(log.split('\n')).toEqual(LOG_TAIL);
    expect(textOf(page)).toContain('The end of its upgrade log');
    const [green] = new MadeUpOperator().stored.get('gitea') ?? [];
    expect(await pageAt(`/trials/${green?.id}`)).not.toContain('<pre class="log"');
  });
});
