/**
 * The whole matrix: every fault point of every scenario, killed before, during and after it; killed again during
 * recovery; and failing. `npm run test:crash`. A sample of it runs with all other tests (sample.test.ts). On a Swarm:
 * `npm run test:crash:swarm`, with samples in swarm-*.engine.test.ts.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Fault } from '../faults/plan.ts';
import {
  dispose,
  failed,
  failures,
  killed,
  killedTwice,
  kills,
  momentsOf,
  prepareCases,
  recoveryPoints,
  type Ending,
} from './cases.ts';
import { FIRST_KILLS, SCENARIOS } from './scenarios.ts';
import { SWARM_FIRST_KILLS, SWARM_SCENARIOS } from './swarm-scenarios.ts';

const only = process.env['CRASH_ONLY'] ?? '';
const pointsWith = process.env['CRASH_POINTS'] ?? '';
const onSwarm = process.env['CRASH_DRIVER'] === 'swarm';
const [scenarios, firstKills] = onSwarm ? [SWARM_SCENARIOS, SWARM_FIRST_KILLS] : [SCENARIOS, FIRST_KILLS];
const tally: Record<string, { points: number; cases: number; missed: number }> = {};

function count(kind: string, scenario: string, cases: readonly unknown[], points: Set<string>) {
  tally[`${kind}, ${scenario}`] = { points: points.size, cases: cases.length, missed: 0 };
}

async function run(kind: string, scenario: string, ending: Promise<Ending>): Promise<void> {
  const row = tally[`${kind}, ${scenario}`];
  if ((await ending) === 'not reached' && row !== undefined) row.missed += 1;
}

const chosen = (faults: readonly Fault[]): Fault[] =>
  faults.filter(({ point }) => point.includes(pointsWith));

const label = ({ act, when, point, occurrence }: Fault): string =>
  `${act} ${when} ${point}${occurrence > 1 ? ` (${occurrence}.)` : ''}`;

const all = await Promise.all(
  scenarios
    .filter(({ name }) => name.includes(only))
    .map(async (scenario) => {
      const prepared = await prepareCases(scenario);
      const twice: [Fault, Fault][] = [];
      for (const first of firstKills.filter(({ point }) => prepared.points.has(point))) {
        for (const point of await recoveryPoints(prepared, first)) {
          for (const when of momentsOf(point))
            twice.push([first, { point, occurrence: 1, when, act: 'kill' }]);
        }
      }
      return { prepared, twice };
    }),
);

afterAll(async () => {
  await Promise.all(all.map(({ prepared }) => dispose(prepared)));
  const rows = Object.entries(tally);
  const sum = (key: 'cases' | 'missed'): number => rows.reduce((total, [, row]) => total + row[key], 0);
  console.table(tally);
  console.log(`${all.length} scenarios, ${sum('cases')} cases, ${sum('missed')} of them not reached`);
});

describe.each(all)('$prepared.scenario.name', ({ prepared, twice }) => {
  const { name } = prepared.scenario;
  const points = new Set(prepared.points.keys());
  const test = prepared.scenario.ground.copiesAreApart ? it.concurrent : it;

  describe('killed', () => {
    const cases = chosen(kills(prepared));
    count('killed', name, cases, points);
    test.each(cases.map((fault) => [label(fault), fault] as const))('%s', async (_, fault) => {
      await run('killed', name, killed(prepared, fault));
    });
  });

  describe('killed again during recovery', () => {
    count('killed twice', name, twice, new Set(twice.map(([, second]) => second.point)));
    test.each(twice.map(([one, two]) => [label(one), label(two), one, two] as const))(
      '%s, then %s',
      async (_, __, one, two) => {
        await run('killed twice', name, killedTwice(prepared, one, two));
      },
    );
  });

  describe('failing', () => {
    const turn = scenarios.findIndex((each) => each.name === name);
    const cases = chosen(failures(prepared, turn));
    count('failing', name, cases, new Set(cases.map(({ point }) => point)));
    expect(cases.length).toBeGreaterThan(0);
    test.each(cases.map((fault) => [label(fault), fault] as const))('%s', async (_, fault) => {
      await run('failing', name, failed(prepared, fault));
    });
  });
});
