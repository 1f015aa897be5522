/** What reaches the loop over HTTP, and what it says there: the same as everywhere else. */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';
import type { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { expectInvariants } from '../../invariants.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const SECRET = 'a secret of the hook';
const env = { RECONCILE_TOKEN: 'a-token', RECONCILE_HOOK_SECRET: SECRET };

let fleet: Fleet;
let upstream: UpstreamRepo;
let loop: RunningLoop;
let url: string;

/** One recipe in sync, and an interval that no test waits for. */
beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.reconciler({ interval: '6h', server: { port: 0 } });
  upstream = await fleet.recipe('shop', V1);
  loop = await RunningLoop.start(fleet, { env });
  url = await loop.url();
  await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
});

afterEach(async () => {
  await loop.stop();
  await expectInvariants(fleet);
  await fleet.dispose();
});

async function hook(repository: object, secret = SECRET): Promise<number> {
  const body = JSON.stringify({ ref: 'refs/tags/x', repository });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const headers = { 'Content-Type': 'application/json', 'X-Gitea-Signature': signature };
  return (await fetch(`${url}/hooks/gitea`, { method: 'POST', body, headers })).status;
}

async function json(path: string): Promise<Record<string, unknown>> {
  const answer: unknown = await (await fetch(`${url}${path}`)).json();
  return answer as Record<string, unknown>;
}

describe('a webhook', () => {
  it('of a release has it tried long before the interval is over', async () => {
    await upstream.release(V2);
    expect(await hook({ clone_url: `file://${upstream.folder}` })).toBe(202);
    await loop.line({ msg: 'a trial ended', verdict: 'green' }, loop.mark());
    expect(await fleet.record('shop')).toMatchObject({ version: V2 });
  });

  it('that is forged moves nothing', async () => {
    await upstream.release(V2);
    const from = loop.mark();
    expect(await hook({ clone_url: `file://${upstream.folder}` }, 'a guess')).toBe(401);
    expect(await hook({ clone_url: 'https://example.org/team/other.git' })).toBe(404);
    const { recipes } = await json('/api/recipes');
    expect(recipes).toMatchObject([{ recipe: 'shop', decision: 'in-sync' }]);
    expect(
      loop
        .lines()
        .slice(from)
        .filter(({ msg }) => msg === 'a trial begins'),
    ).toEqual([]);
  });

  it('in thousands makes a look while it waits, and one for all that came meanwhile', async () => {
    const from = loop.mark();
    const answers: number[] = [];
    for (let batch = 0; batch < 20; batch++) {
      const sent = Array.from({ length: 50 }, () => hook({ clone_url: `file://${upstream.folder}` }));
      answers.push(...(await Promise.all(sent)));
    }
    expect(new Set(answers)).toEqual(new Set([202]));
    await loop.line({ msg: 'looked' }, from);
    const looks = loop
      .lines()
      .slice(from)
      .filter(({ msg }) => msg === 'looked');
    expect(looks.length).toBeLessThan(answers.length / 2);
    expect(
      loop
        .lines()
        .slice(from)
        .filter(({ msg }) => msg === 'a trial begins'),
    ).toEqual([]);
  });
});

describe('a person', () => {
  it('who has the token may ask for a look, and nobody else', async () => {
    await upstream.release(V2);
    const ask = async (token: string): Promise<number> => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await fetch(`${url}/api/recipes/shop/reconcile`, { method: 'POST', headers })).status;
    };
    expect(await ask('a guess')).toBe(401);
    expect(await ask('a-token')).toBe(202);
    await loop.line({ msg: 'a trial ended', verdict: 'green' }, loop.mark());
    expect(await fleet.record('shop')).toMatchObject({ version: V2 });
  });

  it('reads the same there as on the command line', async () => {
    const shown = await json('/api/recipes');
    const explained = await json('/api/recipes/shop');
    const { id } = explained['lastTrial'] as { id: string };
    expect(await json(`/api/trials/${id}`)).toMatchObject({ id, verdict: 'green', promoted: true });
    await loop.stop();
    const status = await fleet.reconcile(['status', '--json']);
    const row = (all: unknown): object => (all as Record<string, object>[])[0] ?? {};
    expect({ ...row(status.json?.recipes), observedAt: '' }).toEqual({
      ...row(shown['recipes']),
      observedAt: '',
    });
    const explain = await fleet.reconcile(['explain', 'shop', '--json']);
    expect(JSON.parse(explain.stdout)).toEqual(explained);
    loop = await RunningLoop.start(fleet, { env });
  });

  it('who listens is told of each change and each step', async () => {
    const reader = new AbortController();
    const stream = await fetch(`${url}/api/events`, { signal: reader.signal });
    await upstream.release(V2);
    expect(await hook({ clone_url: `file://${upstream.folder}` })).toBe(202);
    let text = '';
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes('event: trial') && text.includes('"promoted":true')) break;
    }
    reader.abort();
    expect(text).toMatch(/event: decision\n.*"decision":"advance"/s);
    for (const step of ['sync', 'checkout', 'install', 'upgrade', 'rest', 'promote', 'tidy'])
      expect(text).toContain(`"step":"${step}"`);
  });
});

it('is ready once everything was looked at, and alive before', async () => {
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await fleet.manifest('lost', { ...fleet.storeSpec(), upstream: 'https://localhost:1/lost.git' });
  await loop.line({ msg: 'decided', recipe: 'lost', reason: 'upstream-unreachable' });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

describe('a recipe on trial', () => {
  const SAYS = /^A trial of shop runs now: \S+-shop-2 of 1\.1\.0\+1\.1, since \S+, at step install: /;

  it('is said to be on trial, and since when, by API, page and command line, and a look beside it agrees', async () => {
    await upstream.release(V2, { neverListen: true });
    await hook({ clone_url: `file://${upstream.folder}` });
    await loop.line({ msg: 'a step begins', step: 'install' }, loop.mark());
    const from = loop.mark();
    const headers = { Authorization: 'Bearer a-token' };
    await fetch(`${url}/api/recipes/shop/reconcile`, { method: 'POST', headers });
    await loop.line({ msg: 'looked', recipe: 'shop' }, from);
    const explained = await json('/api/recipes/shop');
    expect(explained['answer']).toMatch(SAYS);
    expect(explained).toMatchObject({ running: { version: V2, step: 'install' } });
    const { conditions } = explained;
    expect(conditions).toMatchObject([{ status: 'False' }, { status: 'True', reason: 'on-trial' }, {}]);
    const stored: unknown = JSON.parse(await readFile(join(fleet.state, 'shop', 'status.json'), 'utf8'));
    expect(stored).toMatchObject({ conditions });
    const page = await (await fetch(`${url}/recipes/shop`)).text();
    expect(page).toContain('A trial of shop runs now: ');
    expect(page).not.toContain('The next pass will');
    expect((await fleet.reconcile(['explain', 'shop'])).stdout).toMatch(SAYS);
  });
});
