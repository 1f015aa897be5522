/**
 * When something began, as this clock would tell it (design: holds).
 *
 * A wall clock may have been set back since, by a day or by a year. What began since this machine was started began
 * at least as long ago as its uptime says, so that no wait becomes longer. Of anything older only the wall clock is
 * left: a beginning in its future counts as now, so that no wait becomes eternal. Whoever sets the clock forward says
 * that the time has come, and is believed.
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
  const told = Math.min(Date.parse(beginning.at), now.getTime());
  if (beginning.uptime === null || !isSinceStart(beginning, uptime)) return new Date(told);
  const elapsed = uptime.ms - beginning.uptime.ms;
  const atLeast = now.getTime() - elapsed;
  return new Date(told - atLeast > SLEW_MS + SLEW_SHARE * elapsed ? atLeast : told);
}

/** Does it lie in the future of the only clock that can tell? Then it has to be remembered anew, as of now. */
export function isAhead(beginning: Beginning, { now, uptime }: Instant): boolean {
  return !isSinceStart(beginning, uptime) && Date.parse(beginning.at) > now.getTime();
}

function isSinceStart(beginning: Beginning, uptime: Uptime): boolean {
  return beginning.uptime?.bootId === uptime.bootId && beginning.uptime.ms <= uptime.ms;
}
