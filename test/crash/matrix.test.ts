/**
 * The whole matrix: every fault point of every scenario, killed before, during and after it; killed again during
 * recovery; and failing. `npm run test:crash`. A sample of it runs with all other tests (sample.test.ts).
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Fault } from '../faults/plan.ts';
import {
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

const only = process.env['CRASH_ONLY'] ?? '';
const tally: Record<string, { points: number; cases: number; missed: number }> = {};

function count(kind: string, scenario: string, cases: readonly unknown[], points: Set<string>) {
  tally[`${kind}, ${scenario}`] = { points: points.size, cases: cases.length, missed: 0 };
}

async function run(kind: string, scenario: string, ending: Promise<Ending>): Promise<void> {
  const row = tally[`${kind}, ${scenario}`];
  if ((await ending) === 'not reached' && row !== undefined) row.missed += 1;
}

const label = ({ act, when, point, occurrence }: Fault): string =>
  `${act} ${when} ${point}${occurrence > 1 ? ` (${occurrence}.)` : ''}`;

const all = await Promise.all(
  SCENARIOS.filter(({ name }) => name.includes(only)).map(async (scenario) => {
    const prepared = await prepareCases(scenario);
    const twice: [Fault, Fault][] = [];
    for (const first of FIRST_KILLS.filter(({ point }) => prepared.points.has(point))) {
      for (const point of await recoveryPoints(prepared, first)) {
        for (const when of momentsOf(point)) twice.push([first, { point, occurrence: 1, when, act: 'kill' }]);
      }
    }
    return { prepared, twice };
  }),
);

afterAll(async () => {
  await Promise.all(all.map(({ prepared }) => prepared.fleet.dispose()));
  const rows = Object.entries(tally);
  const sum = (key: 'cases' | 'missed'): number => rows.reduce((total, [, row]) => total + row[key], 0);
  console.table(tally);
  console.log(`${SCENARIOS.length} scenarios, ${sum('cases')} cases, ${sum('missed')} of them not reached`);
});

describe.each(all)('$prepared.scenario.name', ({ prepared, twice }) => {
  const { name } = prepared.scenario;
  const points = new Set(prepared.points.keys());

  describe('killed', () => {
    const cases = kills(prepared);
    count('killed', name, cases, points);
    it.concurrent.each(cases.map((fault) => [label(fault), fault] as const))('%s', async (_, fault) => {
      await run('killed', name, killed(prepared, fault));
    });
  });

  describe('killed again during recovery', () => {
    count('killed twice', name, twice, new Set(twice.map(([, second]) => second.point)));
    it.concurrent.each(twice.map(([one, two]) => [label(one), label(two), one, two] as const))(
      '%s, then %s',
      async (_, __, one, two) => {
        await run('killed twice', name, killedTwice(prepared, one, two));
      },
    );
  });

  describe('failing', () => {
    const cases = failures(
      prepared,
      SCENARIOS.findIndex((each) => each.name === name),
    );
    count('failing', name, cases, new Set(cases.map(({ point }) => point)));
    expect(cases.length).toBeGreaterThan(0);
    it.concurrent.each(cases.map((fault) => [label(fault), fault] as const))('%s', async (_, fault) => {
      await run('failing', name, failed(prepared, fault));
    });
  });
});
