import { describe, expect, it } from 'vitest';
import type { Measurements, Observation } from '../../bench/benchmark.ts';
import { figuresOf } from '../../bench/figures.ts';
import { tablesOf } from '../../bench/tables.ts';

const cost = (wallMs: number, cpuMs = wallMs) => ({ wallMs, cpuMs });

function observation(size: number, over: Partial<Observation> = {}): Observation {
  const costs = { once: cost(700), plan: cost(700), floor: cost(400), git: cost(7000) };
  return { size, server: 'memory', ...costs, peakMiB: 100, ...over };
}

/** Everything is reached, and only just. */
function measurements(over: Partial<Measurements> = {}): Measurements {
  return {
    machine: { date: '', cores: 2, processor: '', memoryGiB: 1, kernel: '', load: 0, node: '', git: '' },
    tagsPerRecipe: 50,
    rounds: 1,
    observations: [
      observation(1000, { once: cost(700, 500), floor: cost(400), git: cost(1750, 2000) }),
      observation(5000, { once: cost(3850), git: null, peakMiB: 250 }),
    ],
    node: cost(100),
    status: { ...cost(400), recipes: 100 },
    seed: { passMs: 1900, trialMs: 1600, byHandMs: 1000 },
    queueMs: 1000,
    served: { recipes: 1000, pageMs: 1000, scrapeMs: 250, webhookMs: 50, editMs: 1000, shownMs: 1000 },
    ...over,
  };
}

const missed = (given: Measurements): string[] =>
  figuresOf(given)
    .filter(({ reached }) => reached === false)
    .map(({ what }) => what);

describe('the figures that must be reached', () => {
  it('are reached right at their bounds', () => {
    const figures = figuresOf(measurements());
    expect(figures.map(({ measured }) => measured)).toEqual([
      0.4, 0.25, 2, 5.5, 250, 600, 1000, 4, 1000, 1000, 50, 1000, 250,
    ]);
    expect(missed(measurements())).toEqual([]);
  });

  it.each<[string, Partial<Measurements>]>([
    ['time of a no-op', { observations: [observation(1000, { git: cost(1700, 9000) })] }],
    [
      'CPU of a no-op',
      { observations: [observation(1000, { once: cost(700, 501), git: cost(9000, 2000) })] },
    ],
    ['floor', { observations: [observation(1000, { floor: cost(399), git: null })] }],
    ['growth', { observations: [observation(1000), observation(5000, { once: cost(3851) })] }],
    ['peak memory', { observations: [observation(5000, { peakMiB: 251 })] }],
    ['seed', { observations: [], seed: { passMs: 1601, trialMs: 1601, byHandMs: 1000 } }],
    ['queue', { observations: [], queueMs: 1001 }],
    [
      'page',
      {
        observations: [],
        served: { recipes: 1000, pageMs: 1001, scrapeMs: 1, webhookMs: 1, editMs: 1, shownMs: null },
      },
    ],
    [
      'Chromium',
      {
        observations: [],
        served: { recipes: 1000, pageMs: 1, scrapeMs: 1, webhookMs: 1, editMs: 1, shownMs: 1001 },
      },
    ],
    [
      'scrape',
      {
        observations: [],
        served: { recipes: 1000, pageMs: 1, scrapeMs: 251, webhookMs: 1, editMs: 1, shownMs: null },
      },
    ],
    [
      'webhook',
      {
        observations: [],
        served: { recipes: 1000, pageMs: 1, scrapeMs: 1, webhookMs: 51, editMs: 1, shownMs: null },
      },
    ],
    [
      'edit',
      {
        observations: [],
        served: { recipes: 1000, pageMs: 1, scrapeMs: 1, webhookMs: 1, editMs: 1001, shownMs: null },
      },
    ],
    ['status', { observations: [], status: { ...cost(401), recipes: 100 } }],
  ])('are missed one by one: %s', (name, over) => {
    const [what, ...others] = missed(measurements(over));
    expect(what).toContain(name);
    expect(others).toEqual([]);
  });

  it('are neither reached nor missed where their sizes were not measured', () => {
    const served = { recipes: 10, pageMs: 1, scrapeMs: 1, webhookMs: 1, editMs: 1, shownMs: null };
    const status = { ...cost(900), recipes: 10 };
    const small = measurements({ observations: [observation(10)], status, served });
    expect(figuresOf(small).filter(({ reached }) => reached !== null)).toHaveLength(2);
    expect(tablesOf(small, figuresOf(small)).match(/not measured/g)).toHaveLength(12);
  });

  it('stand in a table that says of each whether it is reached', () => {
    const given = measurements({ seed: { passMs: 2300, trialMs: 2000, byHandMs: 1000 } });
    const [, , ...rows] = tablesOf(given, figuresOf(given)).split('\n\n', 1).join('').split('\n');
    expect(rows.map((row) => /\| (yes|\*\*no\*\*) +\|$/.exec(row)?.[1])).toEqual([
      ...Array.from({ length: 5 }, () => 'yes'),
      '**no**',
      ...Array.from({ length: 7 }, () => 'yes'),
    ]);
  });
});
