/** `gc` and the inventory behind it: what this program left goes, and what it did not make stays. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet, type Outcome } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { leaveGeneration } from './leftovers.ts';
import { decisions, pass, row } from './rows.ts';
import { addSlowRecipe, passInTheMiddle } from './waiting.ts';

const V1 = '1.0.0+1.0';
const KILL_AT_RENAME = new URL('../fixtures/kill-at-rename.mjs', import.meta.url).href;

let fleet: Fleet;
const children: ChildProcess[] = [];

beforeEach(async () => {
  fleet = await Fleet.create();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await fleet.dispose();
});

interface Listed {
  recipe: string | null;
  kind: string;
  where: string;
  bytes: number | null;
}

const listed = (outcome: Outcome, key: string): Listed[] => (outcome.json?.[key] ?? []) as Listed[];
const places = (outcome: Outcome, key: string): string[] => listed(outcome, key).map(({ where }) => where);

async function put(path: string, content = 'mine\n'): Promise<void> {
  await mkdir(dirname(join(fleet.state, path)), { recursive: true });
  await writeFile(join(fleet.state, path), content);
}

/** Things of somebody else's that look as much like ours as can be. */
async function putStrangers(): Promise<string[]> {
  const stamp = { recipe: 'ship', generation: 8, version: V1, stack: 'warm-ship-8', driver: 'process' };
  await put('shop/generations/7/volumes/data/file');
  await put('shop/generations/8/generation.json', JSON.stringify(stamp));
  await put('shop/generations/old/generation.json', '{}');
  await put('shop/notes.txt');
  await put('warm-shop-1/volumes/data/file');
  await put('shop.bak/canonical.json', '{}');
  return [
    'shop/generations/7',
    'shop/generations/8',
    'shop/generations/old',
    'shop/notes.txt',
    'shop.bak',
    'warm-shop-1',
  ];
}

/** Processes of somebody else's: named, marked and living as much like an app of ours as can be. */
async function startStrangers(): Promise<number[]> {
  const marks = ['f'.repeat(32), `${'f'.repeat(32)}/20260617T060000Z-shop-1/apps/warm-shop-1`];
  const started = marks.map((mark) => {
    const env = { PATH: process.env['PATH'], RECONCILE_MARK: mark, STACK_NAME: 'warm-shop-1' };
    return spawn('sleep', ['300'], {
      env,
      cwd: fleet.state,
      argv0: 'node app.mjs',
      stdio: 'ignore',
      detached: true,
    });
  });
  children.push(...started);
  await Promise.all(started.map((child) => once(child, 'spawn')));
  return started.map(({ pid }) => pid ?? 0);
}

function areAlive(pids: readonly number[]): boolean {
  return pids.every((pid) => process.kill(pid, 0));
}

describe('gc', () => {
  it('removes generations that no record names, and says how much that was', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    await leaveGeneration(fleet, 'shop', 5);
    const before = await fleet.listing();
    const dry = await fleet.reconcile(['gc', '--dry-run', '--json']);
    expect(dry.code).toBe(0);
    expect(dry.json).toMatchObject({ kind: 'Collection', dryRun: true, leftAlone: [], unreadable: [] });
    expect(listed(dry, 'removed')).toMatchObject([
      { recipe: 'shop', kind: 'generation', where: 'shop/generations/5', ours: true },
    ]);
    expect(listed(dry, 'removed')[0]?.bytes).toBeGreaterThan(100);
    expect(await fleet.listing()).toEqual(before);
    const outcome = await fleet.reconcile(['gc', '--json']);
    expect(outcome.code).toBe(0);
    expect(places(outcome, 'removed')).toEqual(['shop/generations/5']);
    expect(await readdir(join(fleet.state, 'shop', 'generations'))).toEqual(['1']);
    await expectInvariants(fleet);
  });

  it('does nothing where nothing is left, not even take the lease', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    const before = await fleet.listing();
    const outcome = await fleet.reconcile(['gc']);
    expect(outcome.stdout).toBe('removed: 0 things, 0 B; left alone: 0\n');
    expect(await fleet.listing()).toEqual(before);
    await expectInvariants(fleet);
  });

  it('cleans up after a pass that was killed: processes, what it staged, its open trial', async () => {
    await addSlowRecipe(fleet);
    const running = await passInTheMiddle(fleet);
    running.process.kill('SIGKILL');
    await running.done;
    const dry = await fleet.reconcile(['gc', '--dry-run', '--json']);
    const kinds = new Set(listed(dry, 'removed').map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['term', 'process', 'trial']));
    const outcome = await fleet.reconcile(['gc', '--json']);
    expect(outcome.code).toBe(0);
    expect(listed(outcome, 'removed')).toHaveLength(listed(dry, 'removed').length);
    const history = await fleet.reconcile(['history', 'slow', '--json']);
    expect(history.stdout).toContain('"verdict": "interrupted"');
    await expectInvariants(fleet);
  });

  it('touches nothing of a recipe whose record cannot be read, and says so', async () => {
    await fleet.recipe('shop', V1);
    await fleet.recipe('blog', V1);
    await pass(fleet);
    await leaveGeneration(fleet, 'shop', 5);
    await leaveGeneration(fleet, 'blog', 5);
    const record = await readFile(join(fleet.state, 'shop', 'canonical.json'), 'utf8');
    await put('shop/canonical.json', record.slice(0, 40));
    const outcome = await fleet.reconcile(['gc', '--json']);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('nothing of shop is touched');
    expect(places(outcome, 'removed')).toEqual(['blog/generations/5']);
    expect((await readdir(join(fleet.state, 'shop', 'generations'))).toSorted()).toEqual(['1', '5']);
    await put('shop/canonical.json', record);
    expect((await fleet.reconcile(['gc'])).code).toBe(0);
    await expectInvariants(fleet);
  });

  it('does not make a state folder that is not there', async () => {
    const state = join(fleet.folder, 'elsewhere');
    const outcome = await fleet.reconcile(['gc', '--json'], { state });
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain(`there is no state folder ${state}`);
    expect(await readdir(fleet.folder)).not.toContain('elsewhere');
  });

  it('is done all the same when it is killed at any moment and repeated', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    let killed = 0;
    for (let at = 1; ; at++) {
      await leaveGeneration(fleet, 'shop', 5);
      await leaveGeneration(fleet, 'shop', 6);
      const env = { NODE_OPTIONS: `--import=${KILL_AT_RENAME}`, KILL_AT: `${at}`, KILL_ROOT: fleet.state };
      const { signal } = await fleet.reconcile(['gc'], { env });
      expect((await fleet.reconcile(['gc'])).code).toBe(0);
      await expectInvariants(fleet);
      if (signal === null) break;
      killed++;
    }
    expect(killed).toBeGreaterThan(5);
  });
});

describe('what is left over', () => {
  it('is told by the pass, by status and by explain', async () => {
    await fleet.recipe('shop', V1);
    await pass(fleet);
    await leaveGeneration(fleet, 'shop', 5);
    expect(row(await pass(fleet), 'shop')).toMatchObject({ leftovers: [{ where: 'shop/generations/5' }] });
    const status = await fleet.reconcile(['status', '--json']);
    expect(row(status, 'shop')).toMatchObject({ leftovers: [{ where: 'shop/generations/5', ours: true }] });
    expect((await fleet.reconcile(['status'])).stdout).toContain('left over of shop: 1 thing, ');
    expect((await fleet.reconcile(['explain', 'shop'])).stdout).toContain('left over: shop/generations/5');
    expect((await fleet.reconcile(['gc'])).code).toBe(0);
    await expectInvariants(fleet);
  });
});

describe('what somebody else made', () => {
  it('survives passes, promotion, recovery, gc and forget', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet);
    const strangers = await putStrangers();
    const processes = await startStrangers();
    await upstream.release('1.1.0+1.1', { neverListen: true });
    const running = await passInTheMiddle(fleet);
    running.process.kill('SIGKILL');
    await running.done;
    await upstream.release('1.2.0+1.2');
    await fleet.manifest('shop', { ...fleet.storeSpec(), retain: 1 });
    expect(decisions(await pass(fleet))).toMatchObject({ shop: 'in-sync' });
    const outcome = await fleet.reconcile(['gc', '--json']);
    expect(outcome.code).toBe(0);
    expect(places(outcome, 'leftAlone').toSorted()).toEqual(strangers.toSorted());
    await expectInvariants(fleet, { strangers });
    await fleet.recipe('other', V1);
    await fleet.removeManifest('shop');
    const forgotten = await fleet.reconcile(['forget', 'shop', '--yes', '--json']);
    expect(forgotten.code).toBe(0);
    const inShop = strangers.filter((place) => place.startsWith('shop/'));
    expect(places(forgotten, 'leftAlone').toSorted()).toEqual(inShop.toSorted());
    for (const place of strangers) expect(Object.keys(await fleet.listing())).toContain(place);
    expect(areAlive(processes)).toBe(true);
    await expectInvariants(fleet, { strangers });
  });
});
