/** The loop for as long as it is asked to run, on a fleet that is never left in peace: nothing may grow. */
import { appendFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Fleet } from '../fixtures/fleet.ts';
import { HttpGit } from '../fixtures/http-git.ts';
import { RunningLoop } from '../fixtures/running-loop.ts';
import { expectInvariants } from '../invariants.ts';
import { course, growthOf, table, takeSample, type Sample } from './samples.ts';
import { HOOK_SECRET, TOKEN, Upheaval } from './upheaval.ts';

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? '60');
const SEED = Number(process.env['SOAK_SEED'] ?? '1');
const RECIPES = 12;
const SAMPLES = 120;
/** Between two things that happen: what a fleet lives through in a month passes in some minutes. */
const PEACE_MS = 250;

it('grows by nothing', async () => {
  const fleet = await Fleet.create();
  const git = await HttpGit.start(fleet.upstreams);
  try {
    await fleet.reconciler({ interval: '2s', server: { port: 0 }, concurrency: { trials: 2 } });
    const upheaval = new Upheaval(fleet, git, SEED);
    await upheaval.populate(RECIPES);
    const env = {
      RECONCILE_TOKEN: TOKEN,
      RECONCILE_HOOK_SECRET: HOOK_SECRET,
      RECONCILE_UPSTREAM_TIMEOUT: '2s',
    };
    const timeoutMs = SECONDS * 1000 + 120_000;
    const loop = await RunningLoop.start(fleet, { env, timeoutMs }, ['--log-level', 'info']);
    const url = await loop.url();
    upheaval.reachableAt(url);
    const samples = await soak(upheaval, () => takeSample(loop.pid, url, fleet.state));
    expect((await loop.stop()).code).toBe(0);
    const growth = growthOf(samples);
    await report(
      `${table(growth)}\n\n${course(samples)}\n\n${[...upheaval.counts].map(([what, count]) => `${count} ${what}`).join(', ')}\n`,
    );
    // Whose tag was moved last may still be held for that, and so its record contradict upstream.
    await expectInvariants(fleet, { rewritten: upheaval.names });
    expect(growth.filter(({ isGrowth }) => isGrowth)).toEqual([]);
  } finally {
    await git.close();
    await fleet.dispose();
  }
});

async function soak(upheaval: Upheaval, sample: () => Promise<Sample>): Promise<Sample[]> {
  const samples: Sample[] = [];
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  while (elapsed() < SECONDS) {
    await upheaval.next();
    if (elapsed() >= (samples.length * SECONDS) / SAMPLES) samples.push(await sample());
    await sleep(PEACE_MS);
  }
  return samples;
}

async function report(text: string): Promise<void> {
  const file = process.env['SOAK_RESULTS'];
  if (file !== undefined) await appendFile(file, text);
}
