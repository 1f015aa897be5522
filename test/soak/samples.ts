/** What a process takes of the machine, looked at from outside; and whether that grew. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface Sample {
  descriptors: number;
  memoryMiB: number;
  /** What of it is in use; garbage that was not collected yet is part of it. */
  heapMiB: number;
  /** Of those that it started, and that still run. */
  processes: number;
  /** Time series that it exposes. */
  series: number;
  /** Of its state folder, mirrors left out: those grow as their upstreams do. */
  diskMiB: number;
}

export async function takeSample(pid: number, url: string, state: string): Promise<Sample> {
  const exposition = await (await fetch(`${url}/metrics`)).text();
  const du = execute('du', ['-s', '--block-size=1K', '--exclude=mirror.git', state]);
  // It minds that something goes while it counts, and counts the rest.
  const { stdout } = await du.catch((error: { stdout: string }) => error);
  return {
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    memoryMiB: (await residentKiB(pid)) / 1024,
    heapMiB: Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(exposition)?.[1]) / 1024 / 1024,
    processes: await countChildren(pid),
    series: exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
    diskMiB: Number.parseInt(stdout, 10) / 1024,
  };
}

async function residentKiB(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function countChildren(pid: number): Promise<number> {
  const lists = await Promise.all(
    (await readdir(`/proc/${pid}/task`)).map(
      async (task) => await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => ''),
    ),
  );
  return lists.join(' ').split(' ').filter(Boolean).length;
}

export interface Growth {
  what: keyof Sample;
  start: number;
  end: number;
  /** More than what comes and goes. */
  isGrowth: boolean;
}

/** By so much two medians may differ though nothing grows. */
const SLACK: Readonly<Record<keyof Sample, { share: number; amount: number }>> = {
  descriptors: { share: 0.1, amount: 8 },
  memoryMiB: { share: 0.15, amount: 10 },
  heapMiB: { share: 0.15, amount: 10 },
  processes: { share: 0, amount: 3 },
  series: { share: 0.1, amount: 20 },
  diskMiB: { share: 0.25, amount: 2 },
};

/** The medians of a third of the samples each: after the first fifth, in which everything fills up, and at the end. */
export function growthOf(samples: readonly Sample[]): Growth[] {
  const settled = samples.slice(Math.ceil(samples.length / 5));
  const third = Math.max(1, Math.floor(settled.length / 3));
  const [first, last] = [settled.slice(0, third), settled.slice(-third)];
  return (['descriptors', 'memoryMiB', 'heapMiB', 'processes', 'series', 'diskMiB'] as const).map((what) => {
    const [start, end] = [first, last].map((some) => median(some.map((sample) => sample[what])));
    const { share, amount } = SLACK[what];
    return {
      what,
      start: start ?? 0,
      end: end ?? 0,
      isGrowth: (end ?? 0) > (start ?? 0) * (1 + share) + amount,
    };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Every tenth sample, for whoever wants to see how it came about. */
export function course(samples: readonly Sample[]): string {
  const some = samples.filter((_, index) => index % 10 === 0);
  const shown = some.map(({ memoryMiB, heapMiB }) => `${memoryMiB.toFixed(0)}/${heapMiB.toFixed(0)}`);
  return `memory/heap in MiB: ${shown.join(' ')}`;
}

export function table(growth: readonly Growth[]): string {
  const rows = growth.map(({ what, start, end, isGrowth }) =>
    [
      what.padEnd(12),
      start.toFixed(1).padStart(10),
      end.toFixed(1).padStart(10),
      isGrowth ? '  GREW' : '',
    ].join(''),
  );
  return ['               at start    at end', ...rows].join('\n');
}
