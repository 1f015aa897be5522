/** A pass that is held up by one trial, for as long as a test needs it, until the test cancels that trial. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, Outcome, Running } from '../fixtures/fleet.ts';

const PATIENT = { health: { timeout: '40s', stableFor: '0s' } };

/** Adds a recipe `slow`, whose app never answers. */
export async function addSlowRecipe(fleet: Fleet): Promise<void> {
  const upstream = await fleet.upstream('slow');
  await upstream.release('1.0.0+1.0', { neverListen: true });
  await fleet.manifest('slow', { ...fleet.storeSpec(), ...PATIENT });
}

/** Starts a pass and returns once an app of its trial was started. */
export async function passInTheMiddle(fleet: Fleet, args: string[] = []): Promise<Running> {
  const before = (await fleet.starts()).length;
  const running = fleet.start(['--once', '--json', ...args]);
  while ((await fleet.starts()).length === before) await sleep(20);
  return running;
}

export async function cancel(fleet: Fleet, recipe = 'slow'): Promise<Outcome> {
  return await fleet.reconcile(['cancel', recipe, '--json']);
}
