/**
 * Maintenance windows: when the continuous loop may start trials, and of which recipes.
 *
 * A window opens at the times of a schedule and stays open for a while; where the next opening comes before that is
 * over, it simply stays open. While it is open, whatever drifted is tried. What was due when it opened is tried to the
 * end, also past its closing: it is remembered as due, durably, until it was served. All else that is found outside
 * waits for the next opening.
 *
 * What was due at an opening is found out by the first look after it, however late that comes. So an opening that
 * passed while nothing ran is caught up by the first look of the next start, and needs no rule of its own. All that
 * takes is knowing when the last look was.
 *
 * The wall clock is believed: a schedule is a wish of somebody who reads the same clock. One that was ahead and is
 * right again leaves a last look in the future, which no opening follows; once one pass was stored under the
 * right clock, all is as ever. To wait for one more opening is better than a trial on a day that nobody asked for.
 */
import { decide } from './decide.ts';
import type { Decision, FleetConfig, MaintenanceWindow, Reason, RecipeMemory } from './model.ts';
import type { Calendar } from './ports.ts';
import { readable, type DecideContext, type FleetView, type RecipeView } from './view.ts';

/** After so many intervals without a look nobody was looking. */
const INTERVALS_OF_ABSENCE = 2;

/** Who waits for one of these is not waiting for the window. */
const PAUSES: readonly Reason[] = ['suspended', 'frozen', 'release-too-young'];

export function windowAt(
  now: Date,
  window: MaintenanceWindow | null,
  calendar: Calendar,
): FleetView['window'] {
  if (window === null) return { open: true };
  if (openingIn(window, before(now, window.durationMs), now, calendar) !== null) return { open: true };
  return { open: false, nextAt: calendar.nextOpening(window, now)?.toISOString() ?? null };
}

/**
 * The opening that a look at a recipe is the first to follow; null where it follows none. Where nobody was looking
 * while the window was open, that counts too: what drifted meanwhile would have been tried.
 *
 * `lastLook`: at this recipe by this process, else the beginning of the last stored pass; null where there was none:
 * where nobody was ever to attend an opening, none was missed.
 */
export function openingSince(
  lastLook: Date | null,
  now: Date,
  { window, intervalMs }: Pick<FleetConfig, 'window' | 'intervalMs'>,
  calendar: Calendar,
): Date | null {
  if (window === null || lastLook === null) return null;
  const absent = now.getTime() - lastLook.getTime() > INTERVALS_OF_ABSENCE * intervalMs;
  const from = absent ? before(lastLook, window.durationMs) : lastLook;
  return openingIn(window, from, now, calendar);
}

/** Decides, after taking down that the recipe is due, or no longer. `opening`: what this look is the first to follow. */
export function decideWithin(
  view: RecipeView,
  fleet: FleetView,
  context: DecideContext,
  opening: Date | null,
): { view: RecipeView; decision: Decision } {
  const decision = decide(view, fleet, context);
  if (!view.memory.readable) return { view, decision };
  const memory = rememberDue(view.memory.value, view, decision, opening);
  if (memory === view.memory.value) return { view, decision };
  const remembered = { ...view, memory: readable(memory) };
  return { view: remembered, decision: decide(remembered, fleet, context) };
}

function rememberDue(
  memory: RecipeMemory,
  view: RecipeView,
  decision: Decision,
  opening: Date | null,
): RecipeMemory {
  // What could not be read has not ceased to be due (invariant I7).
  if (decision.decision === 'unknown') return memory;
  const since = memory.dueSince ?? opening?.toISOString() ?? null;
  const dueSince = waitsForWindow(view, decision) ? since : null;
  return dueSince === memory.dueSince ? memory : { ...memory, dueSince };
}

/**
 * Drifted, and held by nothing that comes before the window. A recipe that failed was served, and its next attempt
 * waits for a window like any other; but not where it failed for reasons of ours.
 */
function waitsForWindow({ trials }: RecipeView, { drift, reason }: Decision): boolean {
  if (drift === null || PAUSES.includes(reason)) return false;
  if (reason !== 'failed-same-inputs') return true;
  const verdict = trials.readable ? trials.value[0]?.verdict : undefined;
  return verdict === 'infra' || verdict === 'interrupted';
}

/** The first opening after one moment and up to another; null where there is none. */
function openingIn(window: MaintenanceWindow, after: Date, upTo: Date, calendar: Calendar): Date | null {
  const opening = calendar.nextOpening(window, after);
  return opening !== null && opening <= upTo ? opening : null;
}

function before(moment: Date, ms: number): Date {
  return new Date(moment.getTime() - ms);
}
