/**
 * Measures contestants by turns, again and again: whatever else the machine does meets all of them alike, so that ratios
 * hold where times do not. Of each the median counts.
 */
import { measure, type Command, type Cost } from './measure.ts';

export interface Contestant {
  name: string;
  command: Command;
}

export async function measureByTurns(
  contestants: readonly Contestant[],
  rounds: number,
  onRound: (round: number) => void,
): Promise<ReadonlyMap<string, Cost>> {
  const costs = new Map(contestants.map(({ name }): [string, Cost[]] => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    onRound(round);
    for (const { name, command } of contestants) costs.get(name)?.push(await measure(command));
  }
  return new Map([...costs].map(([name, each]) => [name, medianOf(each)]));
}

function medianOf(costs: readonly Cost[]): Cost {
  return {
    wallMs: median(costs.map(({ wallMs }) => wallMs)),
    cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('a median is of one value at least');
  return middle;
}
