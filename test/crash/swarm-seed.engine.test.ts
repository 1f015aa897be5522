/**
 * A sample of the matrix on a Swarm, and the catalogue of the points of a seed there. All of it: `npm run test:crash:swarm`. An effect
 * that is new fails here, as in sample.test.ts: look at it, and write it down with
 * `CRASH_CATALOGUE=write npm run test:swarm -- test/crash/swarm-seed`.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { dispose, failed, killed, prepareCases } from './cases.ts';
import { expectCatalogued } from './catalogue.ts';
import { SWARM_SCENARIOS } from './swarm-scenarios.ts';

const [prepared] = await Promise.all(
  SWARM_SCENARIOS.filter(({ name }) => name === 'swarm seed').map(prepareCases),
);
if (prepared === undefined) throw new Error('no scenario is called swarm seed');

afterAll(async () => {
  await dispose(prepared);
});

it('every effect on a Swarm is a point of the catalogue', async () => {
  await expectCatalogued('points-swarm-seed.txt', [prepared]);
});

describe('killed on a Swarm', () => {
  it.each([
    ['install: run docker secret create', 1, 'after'],
    ['install: run docker stack deploy', 1, 'after'],
    ['rest: run docker run', 1, 'during'],
    ['rest: run docker secret rm', 1, 'after'],
  ] as const)('%s (%d.), %s', async (point, occurrence, when) => {
    expect(await killed(prepared, { point, occurrence, when, act: 'kill' })).toBe('passed');
  });
});

describe('failing on a Swarm', () => {
  it.each([
    ['install: run docker stack deploy', 'fail'],
    ['rest: run docker inspect volume', 'half'],
  ] as const)('%s, %s', async (point, act) => {
    expect(await failed(prepared, { point, occurrence: 1, when: 'before', act })).toBe('passed');
  });
});
