/** One run of the benchmark: what is measured, in which order. */
import { join } from 'node:path';
import { assertUntouched, reconcile, type Fleet } from './fleet.ts';
import { describeMachine, type Machine } from './machine.ts';
import { measurePeak, type Cost } from './measure.ts';
import { nameOf, NODE, observersOf, type Observer } from './observation.ts';
import { measureQueue } from './queue.ts';
import { measureByTurns, type Contestant } from './rounds.ts';
import { measureSeed, type SeedCost } from './seed.ts';
import { measureServed, type ServedCost } from './served.ts';
import { TAGS } from './upstream.ts';
import { makeWorld } from './world.ts';

/** What looking at a fleet in which nothing changed costs whom. */
export interface Observation {
  size: number;
  /** In front of the server that answers from memory, or of `git http-backend`. */
  server: 'memory' | 'git http-backend';
  once: Cost;
  plan: Cost;
  floor: Cost;
  /** Null where it was not measured. */
  git: Cost | null;
  /** Of `--once`. */
  peakMiB: number;
}

export interface Measurements {
  machine: Machine;
  tagsPerRecipe: number;
  rounds: number;
  observations: readonly Observation[];
  node: Cost;
  /** Of a fleet of `recipes`. */
  status: Cost & { recipes: number };
  seed: SeedCost;
  /** Milliseconds for `OPERATIONS` names added, given out and done. */
  queueMs: number;
  served: ServedCost;
}

export interface Wishes {
  sizes: readonly number[];
  rounds: number;
}

/** The fleet whose `status` is asked for, or the largest smaller one. */
const STATUS_OF = 100;
/** The same of the loop's server. */
const SERVED = 1000;

export async function runBenchmark(
  folder: string,
  { sizes, rounds }: Wishes,
  say: (text: string) => void,
): Promise<Measurements> {
  say(`building fleets of ${sizes.join(', ')} recipes`);
  const world = await makeWorld(folder, sizes);
  try {
    const { fleets, byGit, recordingFile, fetchable } = world;
    const shown = fleets.findLast(({ size }) => size <= STATUS_OF) ?? byGit;
    const status = { name: 'status', command: reconcile(shown, 'status') };
    const contestants = [
      NODE,
      status,
      ...fleets.flatMap((fleet) => observersOf(fleet, fleet.size, recordingFile)),
      ...observersOf(byGit, BY_GIT, recordingFile),
    ];
    const costs = await measureByTurns(contestants, rounds, (round) => say(`round ${round} of ${rounds}`));
    for (const fleet of [...fleets, byGit]) await assertUntouched(fleet);
    say('measuring memory');
    const observations: Observation[] = [];
    for (const fleet of fleets) observations.push(await observationOf(fleet, fleet.size, 'memory', costs));
    observations.push(await observationOf(byGit, BY_GIT, 'git http-backend', costs));
    const served = fleets.findLast(({ size }) => size <= SERVED) ?? byGit;
    say('measuring a seed');
    return {
      machine: await describeMachine(),
      tagsPerRecipe: TAGS,
      rounds,
      observations,
      node: costOf(NODE, costs),
      status: { ...costOf(status, costs), recipes: shown.size },
      seed: await measureSeed(join(folder, 'seed'), fetchable, rounds),
      queueMs: await measureQueue(rounds),
      served: await measureServed(served, rounds),
    };
  } finally {
    await world.close();
  }
}

const BY_GIT = 'by git';

async function observationOf(
  fleet: Fleet,
  label: string | number,
  server: Observation['server'],
  costs: ReadonlyMap<string, Cost>,
): Promise<Observation> {
  const cost = (observer: Observer): Cost | undefined => costs.get(nameOf(observer, label));
  const [once, plan, floor] = [cost('once'), cost('plan'), cost('floor')];
  if (once === undefined || plan === undefined || floor === undefined)
    throw new Error(`a fleet of ${fleet.size} recipes was not measured`);
  const peakMiB = await measurePeak(reconcile(fleet, '--once'));
  return { size: fleet.size, server, once, plan, floor, git: cost('git') ?? null, peakMiB };
}

function costOf({ name }: Contestant, costs: ReadonlyMap<string, Cost>): Cost {
  const cost = costs.get(name);
  if (cost === undefined) throw new Error(`${name} was not measured`);
  return cost;
}
