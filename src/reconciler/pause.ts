/** A suspension of one recipe and the freeze of the fleet: whether they are in force, and how they are told. */
import type { Pause } from './model.ts';

/** As somebody wrote it. One that has ended by itself still stands there, and is still shown. */
export interface StandingPause extends Pause {
  inForce: boolean;
}

/** A pause that has not ended by itself yet. Without an end it lasts until somebody takes it away. */
export function paused(pause: Pause | null, now: Date): { message: string; nextAt: string | null } | null {
  if (pause === null) return null;
  const until = pause.until === null ? null : new Date(pause.until);
  if (until !== null && until <= now) return null;
  return { message: pauseText(pause), nextAt: until?.toISOString() ?? null };
}

/** Why, by whom, and until when. */
export function pauseText(pause: Pause): string {
  const end = pause.until === null ? 'without an end' : `until ${new Date(pause.until).toISOString()}`;
  return `${whyPaused(pause)}, ${end}`;
}

export function standing(pause: Pause | null, now: Date): StandingPause | null {
  if (pause === null) return null;
  const { reason, by, until } = pause;
  return { reason, by, until, inForce: paused(pause, now) !== null };
}

/** In one sentence, whether it is in force or not; null where there is none. */
export function suspensionText(recipe: string, pause: Pause | null, now: Date): string | null {
  if (pause === null) return null;
  if (paused(pause, now) !== null) return `${recipe} is suspended: ${pauseText(pause)}`;
  return `the suspension of ${recipe} ended at ${pause.until} and still stands in its manifest: ${whyPaused(pause)}`;
}

/** As above, of the whole fleet. */
export function freezeText(pause: Pause | null, now: Date): string | null {
  if (pause === null) return null;
  if (paused(pause, now) !== null) return `the whole fleet is frozen: ${pauseText(pause)}`;
  return `the freeze of the whole fleet ended at ${pause.until} and still stands in the Reconciler document: ${whyPaused(pause)}`;
}

function whyPaused({ reason, by }: Pause): string {
  return by === null ? reason : `${reason} (by ${by})`;
}
