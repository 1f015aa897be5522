/**
 * A sample of the matrix on a Swarm, and the catalogue of the points of an upgrade there. All of it: `npm run test:crash:swarm`. An effect
 * that is new fails here, as in sample.test.ts: look at it, and write it down with
 * `CRASH_CATALOGUE=write npm run test:swarm -- test/crash/swarm-advance`.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { dispose, failed, killed, killedTwice, prepareCases } from './cases.ts';
import { expectCatalogued } from './catalogue.ts';
import { SWARM_SCENARIOS } from './swarm-scenarios.ts';

const [prepared] = await Promise.all(
  SWARM_SCENARIOS.filter(({ name }) => name === 'swarm advance').map(prepareCases),
);
if (prepared === undefined) throw new Error('no scenario is called swarm advance');

afterAll(async () => {
  await dispose(prepared);
});

it('every effect on a Swarm is a point of the catalogue', async () => {
  await expectCatalogued('points-swarm-advance.txt', [prepared]);
});

describe('killed on a Swarm', () => {
  it.each([
    ['upgrade: run docker run', 1, 'during'],
    ['promote: rename term/staged/canonical.json -> advanced/canonical.json', 1, 'after'],
  ] as const)('%s (%d.), %s', async (point, occurrence, when) => {
    expect(await killed(prepared, { point, occurrence, when, act: 'kill' })).toBe('passed');
  });

  it('again while the next start cleans up', async () => {
    const first = {
      point: 'upgrade: run docker stack deploy',
      occurrence: 2,
      when: 'after',
      act: 'kill',
    } as const;
    const second = {
      point: 'start: run docker stack rm',
      occurrence: 1,
      when: 'after',
      act: 'kill',
    } as const;
    expect(await killedTwice(prepared, first, second)).toBe('passed');
  });
});

describe('failing on a Swarm', () => {
  it.each([
    ['upgrade: run docker run', 'killed'],
    ['upgrade: run docker service ps', 'hang'],
  ] as const)('%s, %s', async (point, act) => {
    expect(await failed(prepared, { point, occurrence: 1, when: 'before', act })).toBe('passed');
  });
});
