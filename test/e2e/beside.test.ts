/** Requests beside a running pass: it obeys them when no trial runs, a cancellation at once. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { leaveGeneration } from './leftovers.ts';
import { decisions, pass, row } from './rows.ts';
import { addSlowRecipe, cancel, passInTheMiddle } from './waiting.ts';

const V1 = '1.0.0+1.0';
/** As long as it takes, and hardly at all. */
const PATIENT = { env: { RECONCILE_REQUEST_PATIENCE: '45s' } };
const HASTY = { env: { RECONCILE_REQUEST_PATIENCE: '1ms' } };

let fleet: Fleet;

beforeEach(async () => {
  fleet = await Fleet.create();
  await fleet.recipe('shop', V1);
  await fleet.recipe('gone', V1);
  await pass(fleet);
  await fleet.removeManifest('gone');
  await addSlowRecipe(fleet);
});

afterEach(async () => {
  await fleet.dispose();
});

async function requests(): Promise<string[]> {
  return await readdir(join(fleet.state, '.reconcile', 'requests')).catch(() => []);
}

async function untilRequested(count: number): Promise<void> {
  while ((await requests()).filter((name) => name.endsWith('.json')).length < count) await sleep(20);
}

describe('cancel', () => {
  it('ends the running trial as interrupted, waits for that, and says so', async () => {
    const running = await passInTheMiddle(fleet);
    const outcome = await cancel(fleet);
    expect(outcome.code).toBe(0);
    expect(outcome.json).toMatchObject({ verb: 'cancel', recipe: 'slow', state: 'obeyed' });
    expect(String(outcome.json?.['message'])).toContain('ended as interrupted: cancelled by');
    const passed = await running.done;
    expect(passed.code).toBe(2);
    expect(row(passed, 'slow')).toMatchObject({ trial: { verdict: 'interrupted', step: 'install' } });
    expect(decisions(passed)).toMatchObject({ shop: 'in-sync', slow: 'seed' });
    await expectInvariants(fleet);
  });

  it('ends that one and no other that runs at the same time', async () => {
    await fleet.reconciler({ concurrency: { trials: 2 } });
    const other = await fleet.upstream('other');
    await other.release(V1, { neverListen: true });
    await fleet.manifest('other', { ...fleet.storeSpec(), health: { timeout: '40s' } });
    const running = fleet.start(['--once', '--json']);
    const startedBoth = async () => {
      const stacks = (await fleet.starts()).map(({ stack }) => stack);
      return stacks.includes('warm-slow-1') && stacks.includes('warm-other-1');
    };
    while (!(await startedBoth())) await sleep(20);
    expect((await cancel(fleet)).code).toBe(0);
    expect((await fleet.reconcile(['history', 'other', '--json'])).stdout).toContain('"endedAt": null');
    expect((await cancel(fleet, 'other')).code).toBe(0);
    await running.done;
    await expectInvariants(fleet);
  });

  it('is refused where no trial of it runs', async () => {
    const running = await passInTheMiddle(fleet);
    const outcome = await cancel(fleet, 'shop');
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toMatch(/no trial of shop runs: its last one, .*, ended as green/);
    expect((await cancel(fleet)).code).toBe(0);
    await running.done;
    expect((await cancel(fleet)).code).toBe(1);
    await expectInvariants(fleet);
  });

  it('does not take a trial of a holder that was killed for a running one', async () => {
    const running = await passInTheMiddle(fleet);
    running.process.kill('SIGKILL');
    await running.done;
    const outcome = await cancel(fleet);
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('was cut short');
    expect((await fleet.reconcile(['gc'])).code).toBe(0);
    await expectInvariants(fleet);
  });
});

describe('the others', () => {
  it('are obeyed when the trial has ended, and answer those who wait', async () => {
    const running = await passInTheMiddle(fleet);
    const asked = [
      ['rebuild', 'shop'],
      ['forget', 'gone', '--yes'],
    ].map((args) => fleet.reconcile([...args, '--json'], PATIENT));
    await untilRequested(asked.length);
    expect(await fleet.record('gone')).not.toBeNull();
    expect((await cancel(fleet)).code).toBe(0);
    for (const outcome of await Promise.all(asked)) {
      expect(outcome.stderr).toContain(`pid ${running.pid}`);
      expect(outcome.json).toMatchObject({ exitCode: 0, state: 'obeyed' });
    }
    const passed = await running.done;
    expect(row(passed, 'shop')).toMatchObject({ decision: 'repair', reason: 'rebuild-requested' });
    expect(decisions(passed)).not.toHaveProperty('gone');
    expect(await readdir(fleet.state)).not.toContain('gone');
    await expectInvariants(fleet);
  });

  it('are left, where nobody answers soon, with whoever acts, who is named; and obeyed when the pass ends', async () => {
    const running = await passInTheMiddle(fleet);
    const outcome = await fleet.reconcile(['rebuild', 'shop', '--json'], HASTY);
    expect(outcome.code).toBe(0);
    expect(outcome.json).toMatchObject({ state: 'left', holder: { pid: running.pid } });
    expect(String(outcome.json?.['message'])).toContain('as soon as no trial runs');
    expect(await requests()).toHaveLength(1);
    expect((await cancel(fleet)).code).toBe(0);
    const passed = await running.done;
    expect(row(passed, 'shop')).toMatchObject({ reason: 'rebuild-requested' });
    expect(passed.stderr).toContain('nobody waits for');
    await expectInvariants(fleet);
  });

  it('are obeyed by the next pass where whoever they were left with is killed', async () => {
    const running = await passInTheMiddle(fleet);
    await fleet.reconcile(['rebuild', 'shop'], HASTY);
    await fleet.reconcile(['forget', 'gone', '--yes'], HASTY);
    running.process.kill('SIGKILL');
    await running.done;
    await fleet.removeManifest('slow');
    const outcome = await pass(fleet);
    expect(row(outcome, 'shop')).toMatchObject({ decision: 'in-sync', acted: true });
    expect(await fleet.record('shop')).toMatchObject({ generation: 2 });
    expect(decisions(outcome)).not.toHaveProperty('gone');
    await expectInvariants(fleet);
  });

  it('are obeyed by whoever asked, as soon as the one that acts is killed', async () => {
    const running = await passInTheMiddle(fleet);
    const asked = fleet.reconcile(['rebuild', 'shop', '--json'], PATIENT);
    await untilRequested(1);
    running.process.kill('SIGKILL');
    await running.done;
    expect((await asked).json).toMatchObject({ state: 'obeyed', decision: { reason: 'rebuild-requested' } });
    await expectInvariants(fleet);
  });

  it('are refused when they can no longer be obeyed', async () => {
    const running = await passInTheMiddle(fleet);
    const asked = fleet.reconcile(['forget', 'gone', '--yes', '--json'], PATIENT);
    await untilRequested(1);
    await fleet.manifest('gone');
    expect((await cancel(fleet)).code).toBe(0);
    const outcome = await asked;
    expect(outcome.code).toBe(1);
    expect(String(outcome.json?.error)).toContain('gone is enrolled by');
    await running.done;
    expect(await fleet.record('gone')).toMatchObject({ generation: 1 });
    await expectInvariants(fleet);
  });

  it('gc too, which removes what is left over and nothing of the trial', async () => {
    const running = await passInTheMiddle(fleet);
    await leaveGeneration(fleet, 'shop', 5);
    const asked = fleet.reconcile(['gc', '--json'], PATIENT);
    await untilRequested(1);
    expect((await cancel(fleet)).code).toBe(0);
    const { json } = await asked;
    expect(json).toMatchObject({ exitCode: 0, state: 'obeyed', stillThere: [], leftAlone: [] });
    expect(json?.['removed']).toMatchObject([{ where: 'shop/generations/5' }]);
    expect(row(await running.done, 'shop')).toMatchObject({ leftovers: [] });
    await expectInvariants(fleet);
  });

  it('gc says what is still there where it was left', async () => {
    const running = await passInTheMiddle(fleet);
    await leaveGeneration(fleet, 'shop', 5);
    const outcome = await fleet.reconcile(['gc', '--json'], HASTY);
    expect(outcome.json).toMatchObject({ exitCode: 0, state: 'left', removed: [] });
    expect(outcome.json?.['stillThere']).toMatchObject([{ where: 'shop/generations/5' }]);
    expect((await cancel(fleet)).code).toBe(0);
    await running.done;
    await expectInvariants(fleet);
  });
});

describe('what is no request', () => {
  const garbage: [string, string | Buffer][] = [
    ['empty.json', ''],
    ['half.json', '{"id":"half","wish":{"verb":'],
    ['other.json', '{"id":"other","at":"2026-06-17T06:55:32Z","wish":{"verb":"destroy"}}'],
    ['bytes.json', Buffer.from([0, 255, 254, 10, 0])],
    ['large.json', ' '.repeat(1024 * 1024)],
    ['notes.txt', 'mine'],
  ];

  it('breaks nothing, is reported, and is left alone', async () => {
    const folder = join(fleet.state, '.reconcile', 'requests');
    await mkdir(join(folder, 'folder.json'), { recursive: true });
    for (const [name, content] of garbage) await writeFile(join(folder, name), content);
    await fleet.removeManifest('slow');
    const outcome = await pass(fleet);
    expect(decisions(outcome)).toMatchObject({ shop: 'in-sync' });
    for (const [name] of garbage) expect(outcome.stderr).toContain(name);
    const gc = await fleet.reconcile(['gc', '--json']);
    expect(gc.json).toMatchObject({ exitCode: 0, removed: [] });
    expect(gc.json?.['leftAlone']).toHaveLength(garbage.length + 1);
    expect(await requests()).toHaveLength(garbage.length + 1);
  });
});
