/**
 * When something began, as this clock would tell it (design: holds).
 *
 * A wall clock may have been set since, by a day or by a year. What began since this machine was started is counted
 * by its uptime, so that no delay becomes longer or shorter, whatever the clock does. Of anything older only the wall
 * clock is left: a beginning in its future counts as now, so that no delay becomes eternal.
 */
import type { Instant, Uptime } from './model.ts';

export interface Beginning {
  at: string;
  uptime: Uptime | null;
}

/** Less apart than this, the clock was not set but kept right; what was first said of the beginning stands. */
const SLEW_MS = 1000;
const SLEW_SHARE = 0.001;

export function beganAt(beginning: Beginning, { now, uptime }: Instant): Date {
  const told = new Date(Math.min(Date.parse(beginning.at), now.getTime()));
  if (beginning.uptime === null || !isSinceStart(beginning, uptime)) return told;
  const elapsed = uptime.ms - beginning.uptime.ms;
  const wasSet =
    Math.abs(now.getTime() - Date.parse(beginning.at) - elapsed) > SLEW_MS + SLEW_SHARE * elapsed;
  return wasSet ? new Date(now.getTime() - elapsed) : told;
}

/** Does it lie in the future of the only clock that can tell? Then it has to be remembered anew, as of now. */
export function isAhead(beginning: Beginning, { now, uptime }: Instant): boolean {
  return !isSinceStart(beginning, uptime) && Date.parse(beginning.at) > now.getTime();
}

function isSinceStart(beginning: Beginning, uptime: Uptime): boolean {
  return beginning.uptime?.bootId === uptime.bootId && beginning.uptime.ms <= uptime.ms;
}
