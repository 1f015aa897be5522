/** The maintenance window of the loop, under a wall clock that a test sets. Sundays at 03:00, for an hour. */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fleet, type RunOptions } from '../../fixtures/fleet.ts';
import { RunningLoop } from '../../fixtures/running-loop.ts';
import type { UpstreamRepo } from '../../fixtures/upstream-repo.ts';
import { expectInvariants } from '../../invariants.ts';

const V1 = '1.0.0+1.0';
const V2 = '1.1.0+1.1';
const PRELOAD = new URL('../../fixtures/clock.mjs', import.meta.url).href;
/** A Wednesday, the next opening, and the day after that. */
const WEDNESDAY = '2026-06-17T12:00:00.000Z';
const OPENING = '2026-06-21T03:00:00.000Z';
const MONDAY = '2026-06-22T12:00:00.000Z';

let fleet: Fleet;
let upstream: UpstreamRepo;
let shifted: RunOptions;

/** As a whole: the loop looks at it at any moment, and half a time is none. */
async function setClock(to: string): Promise<void> {
  const file = join(fleet.folder, 'clock');
  await writeFile(`${file}.new`, to);
  await rename(`${file}.new`, file);
}

/** A canonical of the first release, made by somebody whom no window binds; then a second release. */
beforeEach(async () => {
  fleet = await Fleet.create();
  shifted = { env: { NODE_OPTIONS: `--import ${PRELOAD}`, CLOCK_FILE: join(fleet.folder, 'clock') } };
  await setClock(WEDNESDAY);
  const window = { schedule: '0 3 * * 0', timezone: 'UTC', duration: '1h' };
  await fleet.reconciler({ interval: '1s', window });
  upstream = await fleet.recipe('shop', V1);
  expect((await fleet.reconcile(['--once'], shifted)).code).toBe(0);
  await upstream.release(V2);
});

afterEach(async () => {
  await expectInvariants(fleet);
  await fleet.dispose();
});

it('drift that is found outside of it waits, says until when, and is tried once it opens', async () => {
  const loop = await RunningLoop.start(fleet, shifted);
  await loop.line({ msg: 'decided', reason: 'outside-window', drift: 'advance', nextAt: OPENING });
  expect(await fleet.record('shop')).toMatchObject({ version: V1 });
  await setClock(OPENING);
  await loop.line({ msg: 'a trial ended', verdict: 'green' });
  expect(await fleet.record('shop')).toMatchObject({ version: V2 });
  await loop.stop();
});

it('an opening that was missed because nothing ran is caught up at the next start', async () => {
  const before = await RunningLoop.start(fleet, shifted);
  await before.line({ msg: 'decided', reason: 'outside-window' });
  await before.stop();
  await setClock(MONDAY);
  const loop = await RunningLoop.start(fleet, shifted);
  await loop.line({ msg: 'a trial ended', verdict: 'green' });
  await loop.line({ msg: 'decided', decision: 'in-sync' });
  await upstream.release('1.2.0+1.2');
  await loop.line({ msg: 'decided', reason: 'outside-window', nextAt: '2026-06-28T03:00:00.000Z' });
  await loop.stop();
});

it('a pass that somebody asks for is not bound by it', async () => {
  const loop = await RunningLoop.start(fleet, shifted);
  await loop.line({ msg: 'decided', reason: 'outside-window' });
  await loop.stop();
  expect((await fleet.reconcile(['--once'], shifted)).code).toBe(0);
  expect(await fleet.record('shop')).toMatchObject({ version: V2 });
});
