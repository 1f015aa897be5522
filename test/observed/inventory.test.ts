/** The inventory: what nobody accounts for is listed, what somebody does is not, and nobody else's counts as ours. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processDriver } from '../../src/actuators/drivers/process/driver.ts';
import { fileRegistry } from '../../src/observed/registry.ts';
import { allLeftovers, takeInventory } from '../../src/reconciler/inventory.ts';
import type { TrialRecord } from '../../src/reconciler/model.ts';
import { Layout } from '../../src/state/layout.ts';
import { acquireLease, type Lease } from '../../src/state/lease.ts';
import { generation, record, trial } from '../reconciler/world.ts';

let layout: Layout;
let lease: Lease | null;

beforeEach(async () => {
  layout = new Layout(await mkdtemp(join(tmpdir(), 'inventory-')));
  lease = null;
});

afterEach(async () => {
  await lease?.release();
  await rm(layout.root, { recursive: true, force: true });
});

async function store(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
}

async function storeGeneration(number: number, over: Record<string, unknown> = {}): Promise<void> {
  const folder = layout.generation('app', number);
  await store(join(folder, 'generation.json'), { ...generation(number, '1.0.0+1.0').document, ...over });
  await store(join(folder, 'volumes', 'data', 'file'), 'four');
}

async function storeTrial(number: number, over: Partial<TrialRecord> = {}): Promise<void> {
  const id = `20260617T060000Z-app-${number}`;
  await store(join(layout.trial('app', id), 'trial.json'), trial({ id, generation: number, ...over }));
}

async function inventory() {
  const registry = fileRegistry({
    layout,
    driver: processDriver(),
    manifestReader: async () => () => null,
    warn: () => undefined,
  });
  return await takeInventory(registry);
}

async function listed(): Promise<Record<string, string>> {
  const all = allLeftovers(await inventory());
  return Object.fromEntries(
    all.map(({ where, kind, ours }) => [where, `${ours ? 'our' : 'strange'} ${kind}`]),
  );
}

describe('generations', () => {
  it('are left over where the record names them neither as canonical nor as kept', async () => {
    for (const number of [1, 2, 3]) await storeGeneration(number);
    await store(layout.record('app'), record('1.0.0+1.0', 3, { kept: [2] }));
    expect(await listed()).toEqual({ 'app/generations/1': 'our generation' });
    const [leftover] = allLeftovers(await inventory());
    expect(leftover?.bytes).toBeGreaterThan(4);
    expect(leftover?.why).toContain('no record names it');
  });

  it.each<[string, string, () => Promise<void>]>([
    [
      'holds no generation.json',
      '7',
      () => store(join(layout.generation('app', 7), 'volumes/data/file'), ''),
    ],
    ['is of another recipe', '7', () => storeGeneration(7, { recipe: 'other' })],
    ['is of another number', '7', () => storeGeneration(7, { generation: 8 })],
    [
      'is called like no number',
      'old',
      () => store(join(layout.generations('app'), 'old/generation.json'), {}),
    ],
    ['is no folder', 'notes', () => store(join(layout.generations('app'), 'notes'), 'mine')],
  ])("are somebody else's where one %s", async (_, name, make) => {
    await make();
    await store(layout.record('app'), record('1.0.0+1.0', null));
    expect(await listed()).toEqual({ [`app/generations/${name}`]: 'strange generation' });
  });

  it('nobody can say of them where the record cannot be read', async () => {
    await storeGeneration(1);
    await store(layout.record('app'), '{');
    const { recipes } = await inventory();
    expect(recipes.get('app')).toMatchObject({ readable: false });
  });

  it("that a running trial has settled and not yet recorded are the trial's", async () => {
    lease = await acquireLease(layout, 60_000);
    const instance = { host: 'host', pid: process.pid, term: lease.term.id };
    await storeTrial(4, { verdict: 'green', endedAt: null, instance });
    await storeGeneration(4);
    expect(await listed()).toEqual({});
    await lease.release();
    lease = null;
    expect(await listed()).toEqual({
      'app/generations/4': 'our generation',
      'app/trials/20260617T060000Z-app-4': 'our trial',
    });
  });
});

describe('trials', () => {
  it('are left over beyond the newest twenty, but for those that a named generation came from', async () => {
    for (let number = 1; number <= 23; number++) await storeTrial(number);
    await storeGeneration(2);
    await store(layout.record('app'), record('1.0.0+1.0', 2));
    expect(await listed()).toEqual({
      'app/trials/20260617T060000Z-app-1': 'our trial',
      'app/trials/20260617T060000Z-app-3': 'our trial',
    });
  });

  it('that never began are ours while their folder is empty; what holds no trial is not', async () => {
    await mkdir(layout.trial('app', '20260617T060000Z-app-1'), { recursive: true });
    await mkdir(layout.trial('app', '20260617T060000Z-other-1'), { recursive: true });
    await store(join(layout.trial('app', '20260617T060000Z-app-2'), 'notes'), 'mine');
    expect(await listed()).toEqual({
      'app/trials/20260617T060000Z-app-1': 'our trial',
      'app/trials/20260617T060000Z-other-1': 'strange trial',
      'app/trials/20260617T060000Z-app-2': 'strange trial',
    });
  });
});

describe('mirrors', () => {
  it('hold stale locks only while nobody is at work', async () => {
    await store(join(layout.mirror('app'), 'refs/heads/main.lock'), '');
    await store(join(layout.mirror('app'), 'HEAD'), 'ref: refs/heads/main');
    expect(await listed()).toEqual({ 'app/mirror.git/refs/heads/main.lock': 'our mirror-lock' });
    lease = await acquireLease(layout, 60_000);
    expect(await listed()).toEqual({});
  });
});

describe("what is no recipe's", () => {
  it("is listed as somebody else's where it is called like nothing of ours", async () => {
    await store(layout.schema, { version: 1 });
    await store(layout.record('app'), record('1.0.0+1.0', null));
    await store(join(layout.root, 'app', 'notes.txt'), 'mine');
    await store(join(layout.root, 'app.bak', 'canonical.json'), {});
    await store(join(layout.root, 'warm-app-1', 'data'), 'mine');
    await store(join(layout.own, 'notes.txt'), 'mine');
    expect(await listed()).toEqual({
      'app/notes.txt': 'strange stranger',
      'app.bak': 'strange stranger',
      'warm-app-1': 'strange stranger',
      '.reconcile/notes.txt': 'strange stranger',
    });
  });

  it('is what a dead term staged and what it left running, also before anybody took it over', async () => {
    lease = await acquireLease(layout, 60_000);
    const { term } = lease;
    const child = spawn('sleep', ['60'], {
      env: { PATH: process.env['PATH'], RECONCILE_MARK: `${term.mark}/x` },
    });
    await once(child, 'spawn');
    try {
      await store(join(term.folder, '1-trial', 'file'), 'staged');
      expect(await listed()).toEqual({});
      const folder = join(layout.terms, 'dead');
      await rename(term.folder, folder);
      await store(join(folder, 'holder.json'), { ...(await holderIn(folder)), pid: 2 ** 22 - 1 });
      const expected = { [`pid ${child.pid} (sleep)`]: 'our process' };
      expect(await listed()).toEqual({ ...expected, '.reconcile/terms/dead': 'our term' });
      await rename(folder, join(layout.ended, 'dead'));
      expect(await listed()).toEqual({ ...expected, '.reconcile/ended/dead': 'our term' });
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('cannot be told where a file lies in the place of a folder', async () => {
    await store(layout.own, 'mine');
    expect((await inventory()).strays).toMatchObject({ readable: false });
  });
});

async function holderIn(folder: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, 'holder.json'), 'utf8'));
}
