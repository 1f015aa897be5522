/** What the loop says is so at that moment: between rounds too, when things end by themselves, and when nothing can be stored. */
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Fleet } from '../../fixtures/fleet.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';

/** No round but the first comes within a test. */
const SELDOM = { interval: '6h' };
const TOKEN = 'token';

let fleet: Fleet;
let loop: RunningLoop;

afterEach(async () => {
  await loop.stop();
  await fleet.dispose();
});

async function series(name: string): Promise<string | undefined> {
  const text = await (await fetch(`${await loop.url()}/metrics`)).text();
  return text.split('\n').find((line) => line.startsWith(`${name} `));
}

async function inSync(spec: Record<string, unknown> = SELDOM, unprivileged = false): Promise<void> {
  fleet = await Fleet.create({ unprivileged });
  await fleet.reconciler(spec);
  await fleet.recipe('shop');
  loop = await RunningLoop.start(fleet, { env: { RECONCILE_TOKEN: TOKEN } });
  await loop.line({ msg: 'a trial ended', verdict: 'green' });
  await loop.line({ msg: 'decided', recipe: 'shop', decision: 'in-sync' });
}

function soon(): string {
  return new Date(Date.now() + 6000).toISOString();
}

it('a suspension that ends by itself is no longer told, also where nothing waited for it', async () => {
  await inSync();
  const until = soon();
  const from = loop.mark();
  await fleet.manifest('shop', { ...fleet.storeSpec(), suspend: { reason: 'looking into it', until } });
  const begun = await loop.line({ msg: 'decided', recipe: 'shop' }, from);
  expect(begun['suspended']).toBe(`looking into it, until ${until}`);
  expect(await series('reconciler_recipe_suspended{recipe="shop"}')).toMatch(/ 1$/);
  const ended = await loop.line({ msg: 'decided', recipe: 'shop', suspended: null }, from);
  expect(Date.parse(String(ended['time']))).toBeGreaterThan(Date.parse(until));
  expect(await series('reconciler_recipe_suspended{recipe="shop"}')).toMatch(/ 0$/);
});

it('a freeze of a fleet in which nothing is to be done is told everywhere, and so is its end', async () => {
  await inSync();
  const until = soon();
  const from = loop.mark();
  await fleet.reconciler({ ...SELDOM, freeze: { reason: 'a move', until } });
  const begun = await loop.line({ msg: 'the fleet is configured otherwise' }, from);
  expect(begun).toMatchObject({ changed: ['freeze'], frozen: `a move, until ${until}` });
  expect(await series('reconciler_frozen')).toMatch(/ 1$/);
  const after = loop.mark();
  const ended = await loop.line({ msg: 'the fleet is configured otherwise' }, after);
  expect(ended).toMatchObject({ changed: ['freeze'], frozen: null });
  expect(await series('reconciler_frozen')).toMatch(/ 0$/);
  await expect
    .poll(async () => (await fleet.reconcile(['status'])).stdout, { timeout: 10_000 })
    .toContain('the freeze of the whole fleet ended');
});

it('what was wrong with the manifests is said to be mended', async () => {
  await inSync();
  const from = loop.mark();
  const file = join(fleet.manifests, 'fleet.yaml');
  const good = await readFile(file, 'utf8');
  await writeFile(file, good.replace('6h', 'soon'));
  await loop.line({ msg: 'the Reconciler document cannot be used; the last good one stays in force' }, from);
  await writeFile(file, good);
  await loop.line({ msg: 'the Reconciler document can be used again' }, from);
  await rename(fleet.manifests, `${fleet.manifests}.away`);
  await loop.line({ msg: 'the manifests cannot be read; what they said last stands' }, from);
  await rename(`${fleet.manifests}.away`, fleet.manifests);
  await loop.line({ msg: 'the manifests can be read again' }, from);
});

it('a round whose result cannot be stored has failed, and says so until one can be', async () => {
  await inSync({ interval: '1s' }, true);
  const completed = 'reconciler_pass_last_completed_timestamp_seconds';
  const from = loop.mark();
  await chmod(join(fleet.state, '.reconcile'), 0o555);
  await loop.line({ msg: 'what was found could not be stored; each round tries again' }, from);
  await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
  expect(await series('reconciler_pass_last_exit_code')).toMatch(/ 1$/);
  const before = await series(completed);
  expect(await (await fetch(await loop.url())).text()).toContain('nothing that is found can be stored');
  await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
  expect(await series(completed)).toBe(before);
  await chmod(join(fleet.state, '.reconcile'), 0o755);
  await loop.line({ msg: 'what is found is stored again' }, from);
  await loop.line({ msg: 'every recipe was looked at' }, loop.mark());
  expect(await series('reconciler_pass_last_exit_code')).toMatch(/ 0$/);
  const said = loop.lines().filter(({ msg }) => msg.startsWith('what was found could not be stored'));
  expect(said.length).toBe(1);
});

it('room that became free is told at the next scrape', async () => {
  await inSync();
  await fleet.recipe('other');
  await loop.line({ msg: 'a trial ended', recipe: 'other', verdict: 'green' });
  const from = loop.mark();
  await loop.line({ msg: 'decided', recipe: 'other', decision: 'in-sync' });
  const before = await series('reconciler_disk_allocated_bytes');
  await fleet.removeManifest('other');
  await loop.line({ msg: 'decided', recipe: 'other', reason: 'orphaned' }, from);
  expect((await fleet.reconcile(['forget', 'other', '--yes'])).code).toBe(0);
  await loop.line({ msg: 'a recipe is gone', recipe: 'other' }, from);
  expect(await series('reconciler_disk_allocated_bytes')).not.toBe(before);
});

it('the conditions of what is not enrolled keep the time of their change', async () => {
  await inSync();
  const from = loop.mark();
  await fleet.manifest('retired', { ...fleet.storeSpec(), enrolled: false, reason: 'nobody uses it' });
  await loop.line({ msg: 'decided', recipe: 'retired' }, from);
  const address = `${await loop.url()}/api/recipes/retired`;
  const conditions = async (): Promise<unknown> =>
    ((await (await fetch(address)).json()) as Record<string, unknown>)['conditions'];
  const before = await conditions();
  expect(before).toHaveLength(3);
  const again = loop.mark();
  const headers = { Authorization: `Bearer ${TOKEN}` };
  expect((await fetch(`${address}/reconcile`, { method: 'POST', headers })).status).toBe(202);
  await loop.line({ msg: 'looked', recipe: 'retired' }, again);
  expect(await conditions()).toEqual(before);
});

it('everything that it says is JSON, however many recipes it asks about at once', async () => {
  fleet = await Fleet.create();
  await fleet.reconciler(SELDOM);
  const upstream = await fleet.upstream('one');
  await upstream.release('1.0.0+1.0');
  for (let index = 0; index < 16; index++)
    await fleet.manifest(`copy-${index}`, {
      ...fleet.storeSpec(),
      upstream: '../upstream/one',
      suspend: { reason: 'for the looks alone' },
    });
  loop = await RunningLoop.start(fleet);
  const { stderr } = await loop.stop();
  const lines = stderr.split('\n').filter((line) => line !== '');
  expect(lines.filter((line) => !line.startsWith('{'))).toEqual([]);
  expect(lines.map((line) => JSON.parse(line).msg).slice(-2)).toEqual(['stopping', 'stopped']);
});
