/** When data is read and when it is only looked for: the process driver's own, as if reading it were costly. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Inspections } from '../../../src/actuators/drivers/inspections.ts';
import type { Inspected } from '../../../src/reconciler/model.ts';
import type { Driver, ExpectedData, NewHome } from '../../../src/reconciler/ports.ts';
import { faultOf } from '../../suites/driver.ts';
import { ProcessHarness } from './process/harness.ts';

const HOUR = 3_600_000;
const CHANGED = [{ kind: 'changed', what: 'volume data' }];

let harness: ProcessHarness;
let driver: Driver;
let home: NewHome;
let expected: ExpectedData;
let now: Date;
let inspections: Inspections;

const remembering = (earlier: readonly Inspected[]): Inspections => {
  const made = new Inspections({ now: () => now, earlier: () => Promise.resolve(earlier) });
  made.every(HOUR);
  return made;
};
const pass = (ms: number): void => void (now = new Date(now.getTime() + ms));
const damage = async (): Promise<unknown> => (await inspections.inspect(driver, home, expected)).damage;
const change = (): Promise<void> => harness.write(home, 'data', 'file', 'other');

beforeEach(async () => {
  harness = await ProcessHarness.make();
  driver = { ...harness.driver, isInspectingCostly: true };
  home = harness.home('one');
  await mkdir(join(home.folder, 'volumes', 'data'), { recursive: true });
  await harness.write(home, 'data', 'file', 'data');
  expected = await driver.measure(home, harness.manifest('stores', { secrets: [] }), harness.work());
  now = new Date('2026-06-17T06:55:32.000Z');
  inspections = remembering([]);
});
afterEach(async () => {
  await harness.dispose();
});

describe('data that is costly to inspect', () => {
  it('is read once in each interval, and has the size in between that it had then', async () => {
    const first = await inspections.inspect(driver, home, expected);
    await change();
    pass(HOUR - 1);
    expect(await inspections.inspect(driver, home, expected)).toEqual(first);
    pass(1);
    expect(await damage()).toEqual(CHANGED);
  });

  it('is looked for each time', async () => {
    expect(await damage()).toEqual([]);
    await harness.removeVolume(home, 'data');
    expect(await damage()).toEqual([{ kind: 'missing', what: 'volume data' }]);
  });

  it('is read each time while it is damaged, until it is well again', async () => {
    await change();
    expect([await damage(), await damage()]).toEqual([CHANGED, CHANGED]);
    await harness.write(home, 'data', 'file', 'data');
    expect(await damage()).toEqual([]);
    await change();
    expect(await damage()).toEqual([]);
  });

  it('is read where something else is expected of it', async () => {
    expect(await damage()).toEqual([]);
    const volumes = expected.volumes.map((each) => ({
      ...each,
      fingerprint: 'sha256:0',
      digest: 'sha256:0',
    }));
    expected = { ...expected, volumes };
    expect(await damage()).toEqual(CHANGED);
  });

  it('is read where the clock was set back, as nobody can tell how long ago it was', async () => {
    expect(await damage()).toEqual([]);
    await change();
    pass(-1);
    expect(await damage()).toEqual(CHANGED);
  });

  it('is read after a clone of it showed that it is not what it was', async () => {
    expect(await damage()).toEqual([]);
    await change();
    const clone = inspections.clone(driver, home, expected.volumes, harness.home('two'), harness.work());
    expect(await faultOf(clone)).toMatchObject({ reason: 'base-changed' });
    expect(await damage()).toEqual(CHANGED);
  });

  it('that one program read, the next need not read before it is time', async () => {
    await damage();
    pass(HOUR / 2);
    const recent = await inspections.recent();
    expect(recent).toMatchObject([{ stack: home.stack, at: '2026-06-17T06:55:32.000Z' }]);
    inspections = remembering(recent);
    await change();
    expect(await damage()).toEqual([]);
    pass(HOUR / 2);
    expect(await inspections.recent()).toEqual([]);
    expect(await damage()).toEqual(CHANGED);
  });
});

it('data that is cheap to inspect is read each time', async () => {
  driver = harness.driver;
  expect(await damage()).toEqual([]);
  await change();
  expect(await damage()).toEqual(CHANGED);
  expect(await inspections.recent()).toEqual([]);
});

it('reads anew what somebody asks for by its name, and nothing else', async () => {
  home = { ...home, stack: 'warm-shop-3' };
  expect(await damage()).toEqual([]);
  await change();
  await inspections.anew(['other', 'shop-3']);
  expect(await damage()).toEqual([]);
  await inspections.anew(['shop']);
  expect(await damage()).toEqual(CHANGED);
});
