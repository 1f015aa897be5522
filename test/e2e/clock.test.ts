/** Clocks that jump, stand still, or change with the season: the built program under a wall clock that a test sets. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet, type RunOptions } from '../fixtures/fleet.ts';
import { expectInvariants } from '../invariants.ts';
import { decisions, pass, row } from './rows.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const V3 = '1.2.0+1.2';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const PRELOAD = new URL('../fixtures/clock.mjs', import.meta.url).href;

let fleet: Fleet;
let shifted: RunOptions;

beforeEach(async () => {
  fleet = await Fleet.create();
  const env = { NODE_OPTIONS: `--import ${PRELOAD}`, CLOCK_FILE: join(fleet.folder, 'clock') };
  shifted = { env };
  await setClock(0);
});

afterEach(async () => {
  try {
    await expectInvariants(fleet);
    const audit = await fleet.reconcile(['audit', '--deep', '--json'], shifted);
    if ((await fleet.record('shop')) === null) expect(audit.json?.error).toContain('nothing to audit');
    else expect(audit.json).toMatchObject({ exitCode: 0, summary: { wrong: 0, unchecked: 0 } });
  } finally {
    await fleet.dispose();
  }
});

/** So many milliseconds ahead; or a time, at which it stands still. */
async function setClock(to: number | string): Promise<void> {
  await writeFile(join(fleet.folder, 'clock'), String(to));
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

/** As after a new start of the machine: what was stored tells of another one. */
async function startMachineAgain(): Promise<void> {
  const anotherStart = (text: string): string =>
    text.replaceAll(/"bootId": "[^"]*"/g, '"bootId": "of an earlier start"');
  const recipe = join(fleet.state, 'shop');
  await edit(join(recipe, 'status.json'), anotherStart);
  for (const id of await readdir(join(recipe, 'trials')))
    await edit(join(recipe, 'trials', id, 'trial.json'), anotherStart);
}

async function trialsInOrder(): Promise<{ id: string; generation: number; version: string }[]> {
  const { json } = await fleet.reconcile(['history', '--json'], shifted);
  return json?.['trials'] as { id: string; generation: number; version: string }[];
}

const until = (nextAt: string | null, clock: number): number => Date.parse(nextAt ?? '') - Date.now() - clock;

describe('a clock that jumps a year ahead, and back', () => {
  it('has a red release tried once more, by a clock that says so, and loses no hold when it is back', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet, [], shifted);
    await upstream.release(V2, { failOnUpgrade: true });
    const red = row(await pass(fleet, [], shifted), 'shop');
    expect(red).toMatchObject({ reason: 'failed-same-inputs', trial: { verdict: 'red' } });
    const delay = until(red.nextAt, 0);
    await setClock(-DAY);
    const held = row(await pass(fleet, [], shifted), 'shop');
    expect(held).toMatchObject({ reason: 'failed-same-inputs', acted: false });
    expect(Math.abs(until(held.nextAt, -DAY) - delay)).toBeLessThan(60_000);
    await setClock(YEAR);
    expect(row(await pass(fleet, [], shifted), 'shop')).toMatchObject({
      acted: true,
      trial: { verdict: 'red' },
    });
    const starts = await fleet.starts();
    for (const clock of [YEAR, 0, -YEAR, 0]) {
      await setClock(clock);
      const again = row(await pass(fleet, [], shifted), 'shop');
      expect(again).toMatchObject({ reason: 'failed-same-inputs', acted: false });
      // Twice red: up to 12 h, and not until the year is over.
      expect(until(again.nextAt, clock)).toBeLessThanOrEqual(12 * HOUR);
      expect(until(again.nextAt, clock)).toBeGreaterThan(5 * HOUR);
    }
    expect(await fleet.starts()).toEqual(starts);
  });

  it('keeps a release as young as it is when it is back, and lets it come of age', async () => {
    await fleet.recipe('shop', V1, { release: { minAge: '7d' } });
    for (const clock of [0, -DAY, -YEAR, 0]) {
      await setClock(clock);
      const young = row(await pass(fleet, [], shifted), 'shop');
      expect(young).toMatchObject({ decision: 'held', reason: 'release-too-young', acted: false });
      expect(Math.abs(until(young.nextAt, clock) - 7 * DAY)).toBeLessThan(60_000);
    }
    await setClock(8 * DAY);
    expect(decisions(await pass(fleet, [], shifted))).toEqual({ shop: 'in-sync' });
  });

  it('mixes up neither numbers nor history, and status says by whose clock it speaks', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet, [], shifted);
    await setClock(YEAR);
    await upstream.release(V2);
    await pass(fleet, [], shifted);
    await setClock(0);
    const ahead = await fleet.reconcile(['status'], shifted);
    expect(ahead.stdout).toMatch(/by a clock that was 36[45]d\d\dh ahead of this one/);
    await upstream.release(V3);
    expect((await pass(fleet, [], shifted)).code).toBe(0);
    expect((await fleet.reconcile(['status'], shifted)).stdout).toMatch(/, \d+\.\ds ago, by version/);
    const trials = await trialsInOrder();
    expect(trials.map(({ generation, version }) => [generation, version])).toEqual([
      [3, V3],
      [2, V2],
      [1, V1],
    ]);
    expect(await fleet.record('shop')).toMatchObject({ version: V3, generation: 3, kept: [2] });
  });

  it('takes no lease away from its holder, nor keeps one from whoever comes after it', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet, [], shifted);
    await upstream.release(V2, { neverListen: true });
    await setClock(YEAR);
    const before = (await fleet.starts()).length;
    const running = fleet.start(['--once', '--json'], shifted);
    while ((await fleet.starts()).length === before) await sleep(20);
    await setClock(-DAY);
    const refused = await pass(fleet, [], shifted);
    expect(refused.code).toBe(1);
    expect(String(refused.json?.error)).toContain(`pid ${running.pid}`);
    running.process.kill('SIGKILL');
    await running.done;
    await upstream.release(V3);
    const successor = await pass(fleet, [], shifted);
    expect(decisions(successor)).toEqual({ shop: 'in-sync' });
    expect((await trialsInOrder()).map(({ generation }) => generation)).toEqual([3, 2, 1]);
  });

  it('ends a suspension while it is ahead of its end, and not for good', async () => {
    const end = new Date(Date.now() + 30 * DAY).toISOString();
    await fleet.recipe('shop', V1, { suspend: { reason: 'moving house', until: end } });
    const said = async (clock: number): Promise<string> => {
      await setClock(clock);
      return row(await fleet.reconcile(['plan', '--json'], shifted), 'shop').decision;
    };
    expect([await said(0), await said(YEAR), await said(-YEAR), await said(0)]).toEqual([
      ...['suspended', 'seed', 'suspended', 'suspended'],
    ]);
    expect((await pass(fleet, [], shifted)).code).toBe(3);
    await setClock(31 * DAY);
    expect(decisions(await pass(fleet, [], shifted))).toEqual({ shop: 'in-sync' });
  });
});

describe('a clock that was a year ahead before the machine was started again', () => {
  it('lets a hold count from the first look, for its own delay and once', async () => {
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet, [], shifted);
    await setClock(YEAR);
    await upstream.release(V2, { failOnUpgrade: true });
    await pass(fleet, [], shifted);
    await startMachineAgain();
    await setClock(0);
    const first = row(await pass(fleet, [], shifted), 'shop');
    expect(first).toMatchObject({ reason: 'failed-same-inputs', acted: false });
    expect(until(first.nextAt, 0)).toBeLessThanOrEqual(6 * HOUR);
    await setClock(2 * HOUR);
    expect(row(await pass(fleet, [], shifted), 'shop').nextAt).toBe(first.nextAt);
    await setClock(7 * HOUR);
    const again = row(await pass(fleet, [], shifted), 'shop');
    expect(again).toMatchObject({ acted: true, trial: { verdict: 'red' }, reason: 'failed-same-inputs' });
    expect(row(await pass(fleet, [], shifted), 'shop')).toMatchObject({ acted: false });
  });

  it('lets a release come of age from the first look', async () => {
    await setClock(YEAR);
    await fleet.recipe('shop', V1, { release: { minAge: '1d' } });
    await pass(fleet, [], shifted);
    const status = join(fleet.state, 'shop', 'status.json');
    await edit(status, (text) => text.replaceAll(/"bootId": "[^"]*"/g, '"bootId": "of an earlier start"'));
    await setClock(0);
    const first = row(await pass(fleet, [], shifted), 'shop');
    expect(first).toMatchObject({ reason: 'release-too-young' });
    expect(until(first.nextAt, 0)).toBeLessThanOrEqual(DAY);
    expect(row(await pass(fleet, [], shifted), 'shop').nextAt).toBe(first.nextAt);
  });
});

describe('a clock that is set back a day in the middle of a trial', () => {
  it('changes nothing about it', async () => {
    const back = ['sh', '-c', `echo ${-DAY} > ${join(fleet.folder, 'clock')}`];
    const checks = [{ name: 'set the clock', phase: 'installed', command: back }];
    const upstream = await fleet.recipe('shop', V1, { checks });
    expect(decisions(await pass(fleet, [], shifted))).toEqual({ shop: 'in-sync' });
    await upstream.release(V2);
    await setClock(0);
    const outcome = await pass(fleet, [], shifted);
    expect(decisions(outcome)).toEqual({ shop: 'in-sync' });
    const { stdout } = await fleet.reconcile(['history'], shifted);
    expect(stdout).not.toMatch(/-\d+(\.\d+)?s/);
    expect(await pass(fleet, [], shifted)).toMatchObject({ code: 0 });
    expect((await trialsInOrder()).map(({ generation }) => generation)).toEqual([2, 1]);
  });
});

describe('a clock that stands still', () => {
  it('gives every trial a name and a number of its own', async () => {
    await setClock('2026-06-17T06:55:32.000Z');
    const upstream = await fleet.recipe('shop', V1);
    await pass(fleet, [], shifted);
    await upstream.release(V2, { failOnUpgrade: true });
    await pass(fleet, [], shifted);
    await upstream.release(V3);
    await pass(fleet, [], shifted);
    expect((await trialsInOrder()).map(({ id }) => id)).toEqual([
      '20260617T065532Z-shop-3',
      '20260617T065532Z-shop-2',
      '20260617T065532Z-shop-1',
    ]);
    expect(await fleet.record('shop')).toMatchObject({ version: V3, generation: 3, kept: [1] });
  });
});

describe('where the hour changes with the season', () => {
  const ZONES = ['UTC', 'America/New_York', 'Australia/Lord_Howe'];

  /** Right before, in and after the hour that is skipped or comes twice, in New York and on Lord Howe Island. */
  it.each([
    ['2026-03-08T06:59:59.000Z'],
    ['2026-03-08T07:30:00.000Z'],
    ['2026-11-01T05:30:00.000Z'],
    ['2026-11-01T06:30:00.000Z'],
    ['2026-04-04T15:15:00.000Z'],
    ['2026-10-03T15:29:59.000Z'],
    ['2026-10-03T15:45:00.000Z'],
  ])('at %s every zone decides the same', async (moment) => {
    await setClock(moment);
    const localLooking = moment.slice(0, 11) + '23:30:00';
    await fleet.recipe('paused', V1, { suspend: { reason: 'until tonight', until: localLooking } });
    await fleet.recipe('shop', V1, { release: { minAge: '36h' } });
    await fleet.recipe('web', V1, { app: { process: { command: ['false'] } } });
    const seen: unknown[] = [];
    for (const TZ of ZONES) {
      const inZone = { env: { ...shifted.env, TZ } };
      const { json } = await fleet.reconcile(['plan', '--json'], inZone);
      seen.push(json?.recipes);
      expect(json?.recipes).toEqual(seen[0]);
    }
    const passed = await pass(fleet, [], { env: { ...shifted.env, TZ: ZONES[2] ?? '' } });
    expect(row(passed, 'paused')).toMatchObject({
      decision: 'suspended',
      nextAt: `${moment.slice(0, 11)}23:30:00.000Z`,
    });
    const ripe = new Date(Date.parse(moment) + 36 * HOUR).toISOString();
    expect(row(passed, 'shop')).toMatchObject({ reason: 'release-too-young', nextAt: ripe });
    expect(row(passed, 'web').trial).toMatchObject({ verdict: 'red' });
    expect(Date.parse(row(passed, 'web').nextAt ?? '') - Date.parse(moment)).toBeGreaterThanOrEqual(3 * HOUR);
  });
});
