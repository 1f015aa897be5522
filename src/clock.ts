/** The machine's clocks. */
import type { Clock } from './reconciler/ports.ts';
import { bootId, uptimeMs } from './state/holder.ts';

/** Uptime is told in hundredths of a second, and asking for it is a system call: within one, the last answer will do. */
const UPTIME_STEP_MS = 10;

export function openSystemClock(): Clock {
  const boot = bootId();
  let last = { ms: uptimeMs(), at: performance.now() };
  return {
    now: () => new Date(),
    uptime: () => {
      const at = performance.now();
      if (at - last.at >= UPTIME_STEP_MS) last = { ms: uptimeMs(), at };
      return { bootId: boot, ms: last.ms };
    },
    random: Math.random,
    alarm: (ms, ring) => {
      // Longer than a timer can count would ring at once.
      const timer = setTimeout(ring, Math.min(ms, 2 ** 31 - 1));
      return () => clearTimeout(timer);
    },
  };
}
