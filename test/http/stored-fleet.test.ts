/** The pages and the API over what the real program made of the demonstration's fleet. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../../src/http/server.ts';
import { storedOperator } from './stored-operator.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let folder = '';
let server: RunningServer;

/** Its standard output, whatever the exit code is. */
function reconcile(...args: string[]): Promise<string> {
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { cwd: folder, env: { PATH, HOME } }, (_, stdout) => {
      resolve(stdout);
    });
  });
}

const get = (path: string): Promise<Response> => fetch(`${server.url}${path}`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stored-fleet-'));
  await reconcile('demo', join(folder, 'demo'));
  folder = join(folder, 'demo');
  await reconcile('--once');
  const operator = await storedOperator(join(folder, 'manifests'), join(folder, '.reconcile'));
  const log = pino({ level: 'silent' });
  server = await startServer({ operator, host: '127.0.0.1', port: 0, token: null, hookSecret: null, log });
});

afterAll(async () => {
  await server.close(AbortSignal.abort());
  await rm(join(folder, '..'), { recursive: true });
});

describe('over a real fleet', () => {
  it('the API says what the command line says', async () => {
    expect(await (await get('/api/recipes')).json()).toEqual(JSON.parse(await reconcile('status', '--json')));
    const { trials } = JSON.parse(await reconcile('history', 'sleepy', '--json'));
    expect(await (await get(`/api/trials/${trials[0].id}`)).json()).toEqual({
      apiVersion: 'reconcile/v1',
      kind: 'Trial',
      ...trials[0],
    });
    const explained = await (await get('/api/recipes/sleepy')).json();
    expect(explained).toEqual(JSON.parse(await reconcile('explain', 'sleepy', '--json')));
  });

  it('the fleet page has every recipe as it was decided', async () => {
    const page = await (await get('/')).text();
    const decisions = [...page.matchAll(/id="row-([^"]*)"\s+data-live\s+data-decision="([^"]*)"/g)].map(
      ([, recipe, decision]) => [recipe, decision],
    );
    expect(Object.fromEntries(decisions)).toEqual({
      guestbook: 'in-sync',
      ledger: 'in-sync',
      notifier: 'in-sync',
      retired: 'not-enrolled',
      sleepy: 'held',
      unborn: 'never-released',
    });
  });

  it('the page of a recipe that failed has the end of the log of the step that did', async () => {
    const page = await (await get('/recipes/sleepy')).text();
    expect(page).toContain('The end of the last trial’s install log');
    expect(page).toMatch(/<pre\s+class="log"[^>]*>[^<]+/);
    expect(page).toContain('timeout');
  });

  it.each(['guestbook', 'ledger', 'notifier', 'retired', 'unborn'])(
    'the page of %s is there',
    async (recipe) => {
      const response = await get(`/recipes/${recipe}`);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(`<h1>${recipe}`);
    },
  );
});
