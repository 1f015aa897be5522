/** What the demonstration says of its apps, proven without the program: each claim holds of the apps themselves. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { makeDemo, tagNext, type DemoFolder } from '../src/demo/make.ts';
import { RunningApp } from './fixtures/running-app.ts';
import { UpstreamRepo } from './fixtures/upstream-repo.ts';

const execute = promisify(execFile);

let parent: string;
let demo: DemoFolder;
let folder: string;
let running: RunningApp[];

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'demo-apps-'));
  demo = await makeDemo(join(parent, 'demo'));
  await tagNext(demo.folder, 'guestbook');
  await tagNext(demo.folder, 'guestbook');
  await tagNext(demo.folder, 'ledger');
});

afterAll(() => rm(parent, { recursive: true, force: true }));

beforeEach(async () => {
  running = [];
  folder = await mkdtemp(join(parent, 'case-'));
  await mkdir(join(folder, 'volume'));
  await writeFile(join(folder, 'secret'), 'a secret');
});

afterEach(() => Promise.all(running.map((app) => app.stop('SIGKILL'))));

/** Starts a release from its own tree, on the one volume of this test. */
async function start(recipe: string, version: string, env: Record<string, string> = {}): Promise<RunningApp> {
  const checkout = join(folder, `checkout-${running.length}`);
  const upstream = UpstreamRepo.open(join(demo.folder, 'upstream', recipe));
  await upstream.git('worktree', 'add', '--quiet', '--force', '--detach', checkout, version);
  const app = await RunningApp.start(checkout, {
    VERSION: version,
    DOMAIN: `warm-${recipe}.localhost`,
    STACK_NAME: `warm-${recipe}-1`,
    VOLUME_DATA: join(folder, 'volume'),
    VOLUME_BOOKS: join(folder, 'volume'),
    SECRET_SIGNING_KEY_FILE: join(folder, 'secret'),
    ...env,
  });
  running.push(app);
  return app;
}

const check = (
  script: string,
  phase: string,
  app: RunningApp,
  env: Record<string, string>,
): Promise<unknown> =>
  execute(process.execPath, [join(demo.folder, 'checks', script), phase], {
    env: { PATH: process.env['PATH'], APP_URL: app.url, TRIAL_ID: 'trial-1', BASE_VERSION: '', ...env },
  });

/** From one release to the next on the same data, with the checks around it, as a trial does it. */
async function upgrade(recipe: string, from: string, to: string): Promise<void> {
  const script = `${recipe}.mjs`;
  const env = { TRIAL_ID: `to-${to}`, BASE_VERSION: from, VERSION: to };
  const old = await start(recipe, from);
  expect(await old.firstAnswer()).toBe(200);
  await check(script, 'beforeUpgrade', old, env);
  await old.stop();
  const next = await start(recipe, to);
  expect(await next.firstAnswer()).toBe(200);
  await check(script, 'afterUpgrade', next, env);
  await next.stop();
}

it('the guestbook keeps its entries over three releases, each with a layout of its own', async () => {
  const first = await start('guestbook', '1.0.0+1.0');
  expect(await first.firstAnswer()).toBe(200);
  await check('guestbook.mjs', 'installed', first, { VERSION: '1.0.0+1.0' });
  await first.stop();
  expect(await readdir(join(folder, 'volume'))).toEqual(['entries.txt']);
  await upgrade('guestbook', '1.0.0+1.0', '1.1.0+1.1');
  expect(await readdir(join(folder, 'volume'))).toEqual(['entries.json']);
  await upgrade('guestbook', '1.1.0+1.1', '2.0.0+2.0');
  expect(await readdir(join(folder, 'volume'))).toEqual(['authors.json', 'entries']);
  const last = await start('guestbook', '2.0.0+2.0');
  expect(await last.firstAnswer()).toBe(200);
  const entries = await (await fetch(`${last.url}/entries?author=check`)).json();
  expect(entries).toMatchObject([
    { text: 'signed at install in trial trial-1' },
    { text: 'signed before the upgrade in trial to-1.1.0+1.1' },
    { text: 'signed before the upgrade in trial to-2.0.0+2.0' },
  ]);
});

it('the check of the guestbook fails where the entry is gone', async () => {
  const app = await start('guestbook', '1.1.0+1.1');
  expect(await app.firstAnswer()).toBe(200);
  await expect(check('guestbook.mjs', 'afterUpgrade', app, {})).rejects.toThrow(/the entry .* is gone/);
});

it('the new ledger installs and is healthy, but has lost the books after an upgrade', async () => {
  const fresh = await start('ledger', '1.1.0+3.5');
  expect(await fresh.firstAnswer()).toBe(200);
  await check('ledger.mjs', 'installed', fresh, {});
  await fresh.stop();
  await rm(join(folder, 'volume', 'books.json'));
  await expect(upgrade('ledger', '1.0.0+3.4', '1.1.0+3.5')).rejects.toThrow(/no longer in the books/);
});

it('sleepy runs, but never answers', async () => {
  const app = await start('sleepy', '0.3.0+1.0');
  expect(await app.firstAnswer(1500)).toBeNull();
  expect(app.exited).toBe(false);
});

it('the notifier needs a registration at the guestbook, and is healthy only while that answers', async () => {
  const alone = await start('notifier', '1.0.0+0.9');
  expect(await alone.exitCode()).toBe(1);

  const guestbook = await start('guestbook', '1.0.0+1.0');
  expect(await guestbook.firstAnswer()).toBe(200);
  const out = join(folder, 'provided');
  const env = { DEP_GUESTBOOK_URL: guestbook.url, RECIPE: 'notifier', PROVIDE_OUT: out };
  await execute(process.execPath, [join(demo.folder, 'checks', 'register-at-guestbook.mjs')], { env });
  const provided: Record<string, string> = {};
  for (const line of (await readFile(out, 'utf8')).trim().split('\n')) {
    const [name = '', value = ''] = line.split('=');
    provided[name] = value;
  }
  expect(Object.keys(provided)).toEqual(['GUESTBOOK_CLIENT', 'GUESTBOOK_TOKEN']);

  const app = await start('notifier', '1.0.0+0.9', { DEP_GUESTBOOK_URL: guestbook.url, ...provided });
  expect(await app.firstAnswer()).toBe(200);
  expect(await (await fetch(app.url)).text()).toContain('connected');
  await guestbook.stop();
  expect((await fetch(app.url)).status).toBe(503);
});
