/** The benchmark's command line. Says on standard error what it is at, and on standard output what came of it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runBenchmark, type Measurements, type Wishes } from './benchmark.ts';
import { figuresOf } from './figures.ts';
import { tablesOf } from './tables.ts';

const SIZES = [10, 100, 1000, 5000];
/** An odd number, so that one of them is the median. */
const ROUNDS = 5;
const RESULTS = new URL('../bench/results.md', import.meta.url);

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: SIZES.join(',') },
    rounds: { type: 'string', default: String(ROUNDS) },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const folder = await mkdtemp(join(tmpdir(), 'bench-'));
try {
  const measurements = await runBenchmark(folder, wishes(), say);
  const figures = figuresOf(measurements);
  const tables = tablesOf(measurements, figures);
  process.stdout.write(values.json ? `${JSON.stringify({ ...measurements, figures }, null, 2)}\n` : tables);
  if (values.write) await writeFile(RESULTS, pageOf(measurements, tables));
  process.exitCode = figures.some(({ reached }) => reached === false) ? 1 : 0;
} finally {
  await rm(folder, { recursive: true });
}

function wishes(): Wishes {
  const sizes = values.sizes.split(',').map((text) => positive('--sizes', text));
  return { sizes: sizes.toSorted((a, b) => a - b), rounds: positive('--rounds', values.rounds) };
}

function positive(option: string, text: string): number {
  if (!/^[1-9][0-9]{0,3}$/.test(text))
    throw new Error(`${option} is ${text}, expected numbers from 1 to 9999`);
  return Number(text);
}

function pageOf({ machine, rounds, tagsPerRecipe }: Measurements, tables: string): string {
  const { date, cores, processor, memoryGiB, kernel, load, node, git } = machine;
  return `# Results of the benchmark

Written by \`npm run bench -- --write\`. What is measured and how: [docs/performance.md](../docs/performance.md).

- ${date}
- ${cores} cores (${processor}), ${memoryGiB} GiB, Linux ${kernel}
- load average ${load}: alone on the machine, the benchmark itself makes about 2
- node ${node}, git ${git}
- ${tagsPerRecipe} tags in each upstream; rounds: ${rounds}, of which the medians count

${tables}`;
}
