/**
 * A sample of the matrix for every run of the tests, and the catalogue of its points: `points.txt` names every effect of
 * a pass. An effect that is new, or that comes elsewhere, is not in it and fails here; look at it, run the whole matrix
 * (`npm run test:crash`), and write it down with `CRASH_CATALOGUE=write npx vitest run test/crash/sample.test.ts`.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Fault } from '../faults/plan.ts';
import { dispose, failed, killed, killedTwice, prepareCases, type Prepared } from './cases.ts';
import { expectCatalogued } from './catalogue.ts';
import { SCENARIOS } from './scenarios.ts';

const all = await Promise.all(SCENARIOS.map(prepareCases));

afterAll(async () => {
  await Promise.all(all.map(dispose));
});

function scenario(name: string): Prepared {
  const found = all.find((each) => each.scenario.name === name);
  if (found === undefined) throw new Error(`no scenario is called ${name}`);
  return found;
}

const fault = (point: string, when: Fault['when'], act: Fault['act']): Fault => ({
  point,
  when,
  act,
  occurrence: 1,
});

describe('every effect of a pass', () => {
  it('is a point of the catalogue, and every point is an effect', async () => {
    await expectCatalogued('points.txt', all);
  });
});

describe('killed', () => {
  it.concurrent.each([
    ['seed', 'start: rename prepared-term -> term', 'before'],
    ['seed', 'open: rename term/ID -> shop/trials/ID', 'after'],
    ['seed', 'sync: run git fetch', 'during'],
    ['seed', 'install: run node app.mjs', 'during'],
    ['seed', 'close: rename term/staged/passes.json -> .reconcile/passes.json', 'before'],
    ['advance', 'sync: run git push', 'during'],
    ['advance', 'upgrade: run cp', 'during'],
    ['advance', 'rest: rename term/trial/building -> term/trial/generation', 'after'],
    ['advance', 'promote: rename term/trial/generation -> shop/generations/2', 'after'],
    ['advance', 'promote: rename term/staged/canonical.json -> shop/canonical.json', 'before'],
    ['advance', 'promote: rename term/staged/canonical.json -> shop/canonical.json', 'after'],
    ['repair', 'tidy: rename shop/generations/2 -> term/staged/2', 'after'],
    ['repair', 'tidy: rm term/staged/trial', 'during'],
    ['red upgrade', 'close: rename term/staged/trial.json -> shop/trials/ID/trial.json', 'before'],
    ['red upgrade', 'close: rename term -> ended-term', 'after'],
    ['with a dependency', 'install: run sh', 'during'],
  ] as const)('%s: %s, %s', async (name, point, when) => {
    expect(await killed(scenario(name), fault(point, when, 'kill'))).toBe('passed');
  });

  it('again while the next start cleans up', async () => {
    const first = fault('install: run node app.mjs', 'during', 'kill');
    const second = fault('start: rename ended-term -> term/staged/term', 'after', 'kill');
    expect(await killedTwice(scenario('advance'), first, second)).toBe('passed');
  });
});

describe('failing', () => {
  it.concurrent.each([
    ['seed', 'start: run git ls-remote', 'half'],
    ['seed', 'start: rename term/staged/schema.json -> .reconcile/schema.json', 'EACCES'],
    ['seed', 'sync: run git fetch', 'hang'],
    ['seed', 'install: mkdir term/trial/building', 'ENOSPC'],
    ['seed', 'rest: run sync', 'killed'],
    ['advance', 'upgrade: run cp', 'fail'],
    ['advance', 'checkout: run git cat-file', 'half'],
    ['advance', 'promote: rename term/staged/canonical.json -> shop/canonical.json', 'EIO'],
    ['advance', 'promote: sync shop', 'EIO'],
    ['advance', 'promote: run git rev-list', 'half'],
    ['advance', 'promote: run git rev-list', 'fail'],
    ['advance', 'tidy: rename term/trial -> term/staged/trial', 'EACCES'],
    ['red upgrade', 'close: rename term/staged/trial.json -> shop/trials/ID/trial.json', 'ENOSPC'],
    ['red upgrade', 'upgrade: appendFile shop/trials/ID/upgrade.log', 'ENOSPC'],
  ] as const)('%s: %s, %s', async (name, point, act) => {
    expect(await failed(scenario(name), fault(point, 'during', act))).toBe('passed');
  });
});
