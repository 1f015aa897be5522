/**
 * What a trial costs over what it cannot do without. A seed installs the app, then proves on a clone of its volume that it
 * starts again (docs/architecture.md): two starts, two stops, one copy. The same is done by hand, on the same app.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifestOf, reconcile } from './fleet.ts';
import { measure } from './measure.ts';
import { median } from './rounds.ts';

/** A volume of 16 MiB: enough that a copy which is one too many would be seen. */
const VOLUME = { FILES: 64, FILE_BYTES: 256 * 1024 };
const RECIPE = 'seeded';

export interface SeedCost {
  /** The whole pass that seeds, start of the program included. */
  passMs: number;
  /** Its trial, from when it began to when it was stored as ended. */
  trialMs: number;
  /** The app's own starts and stops and the copy of its volume. */
  byHandMs: number;
}

export async function measureSeed(folder: string, upstream: string, rounds: number): Promise<SeedCost> {
  const seeds: Seed[] = [];
  const byHand: number[] = [];
  for (let round = 0; round < rounds; round++) {
    seeds.push(await seed(join(folder, `pass-${round}`), upstream));
    byHand.push(await doByHand(join(folder, `by-hand-${round}`)));
  }
  return {
    passMs: median(seeds.map(({ passMs }) => passMs)),
    trialMs: median(seeds.map(({ trialMs }) => trialMs)),
    byHandMs: median(byHand),
  };
}

type Seed = Pick<SeedCost, 'passMs' | 'trialMs'>;

async function seed(folder: string, upstream: string): Promise<Seed> {
  await mkdir(join(folder, 'manifests'), { recursive: true });
  await writeFile(join(folder, 'manifests', 'seeded.yaml'), manifestOf(RECIPE, upstream, VOLUME));
  const { wallMs, stdout } = await measure(reconcile({ folder }, '--once', '--json'));
  const { recipes }: { recipes: { trial: { id: string; promoted: boolean } | null }[] } = JSON.parse(stdout);
  const trial = recipes[0]?.trial;
  if (trial?.promoted !== true) throw new Error(`expected a seed, got ${stdout}`);
  const path = join(folder, 'state', RECIPE, 'trials', trial.id, 'trial.json');
  const { startedAt, endedAt }: { startedAt: string; endedAt: string } = JSON.parse(
    await readFile(path, 'utf8'),
  );
  await rm(folder, { recursive: true });
  return { passMs: wallMs, trialMs: Date.parse(endedAt) - Date.parse(startedAt) };
}

async function doByHand(folder: string): Promise<number> {
  const [volume, clone] = [join(folder, 'volume'), join(folder, 'clone')];
  await mkdir(volume, { recursive: true });
  const start = performance.now();
  await startAndStop(volume);
  await measure({ file: 'cp', args: ['-a', '--', volume, clone] });
  await startAndStop(clone);
  const took = performance.now() - start;
  await rm(folder, { recursive: true });
  return took;
}

async function startAndStop(volume: string): Promise<void> {
  const port = await freePort();
  const variables = Object.entries(VOLUME).map(([key, value]) => [key, String(value)]);
  const app = spawn(process.execPath, [fileURLToPath(new URL('../bench/app.mjs', import.meta.url))], {
    env: { ...Object.fromEntries(variables), PORT: String(port), VOLUME_DATA: volume },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(app, 'exit');
  // It says so when it listens.
  await Promise.race([once(app.stdout, 'data'), ended]);
  if (app.exitCode !== null)
    throw new Error(`the app ended with exit code ${app.exitCode} instead of listening`);
  app.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
