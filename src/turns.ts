/**
 * Small files are read synchronously: a call that goes by way of the thread pool costs several times what the system takes
 * for it, and a look makes some dozens for each recipe. So that signals, timers, renewals of the lease and other
 * connections are served all the same, whoever reads many things gives the event loop a turn now and then.
 * docs/decisions/0011-reading-synchronously.md says what was weighed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Nobody notices that nothing else happens for so long. */
const LONGEST_TURN_MS = 20;

let turnEnds = performance.now() + LONGEST_TURN_MS;

/** Comes back at once while the present turn is short, and else in the next one. */
export async function giveTurn(): Promise<void> {
  if (performance.now() < turnEnds) return;
  await nextTurn();
  turnEnds = performance.now() + LONGEST_TURN_MS;
}
