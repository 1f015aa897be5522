/**
 * Reasons not to act now on drift that exists, in the order in which they are given (design: decisions, gates).
 * Each is passed by time, by room, or by a person; `drift` goes on saying what waits.
 */
import { beganAt } from './began.ts';
import type { Closure } from './dependencies.ts';
import { holdOn, mayHold } from './holds.ts';
import type { DecisionKind, FleetConfig, Manifest, Reason, ReleaseRef } from './model.ts';
import { own } from './own.ts';
import { freezeText, paused } from './pause.ts';
import type { DecideContext, FleetView, RecipeView, SettledRecipe } from './view.ts';

export interface Gated {
  decision: Extract<DecisionKind, 'suspended' | 'held' | 'blocked' | 'unknown'>;
  reason: Reason;
  message: string;
  nextAt: string | null;
}

export interface GateQuestion {
  view: RecipeView;
  fleet: FleetView;
  manifest: Manifest;
  config: FleetConfig;
  target: ReleaseRef;
  inputs: string;
  closure: Closure;
  context: DecideContext;
}

export function gate(question: GateQuestion): Gated | null {
  const { manifest, config, context } = question;
  const suspended = paused(manifest.suspend, context.now);
  if (suspended !== null) return { decision: 'suspended', reason: 'suspended', ...suspended };
  const frozen = paused(config.freeze, context.now);
  if (frozen !== null) {
    const message = freezeText(config.freeze, context.now) ?? '';
    return { ...held('frozen', message, null), nextAt: frozen.nextAt };
  }
  return (
    tooYoung(question) ??
    failedForAllThatIsKnown(question) ??
    failedBefore(question) ??
    outsideWindow(question) ??
    noRoom(question) ??
    notReady(question)
  );
}

function tooYoung({ view, manifest, target, context }: GateQuestion): Gated | null {
  if (manifest.release.minAgeMs === 0) return null;
  const sightings = view.memory.readable ? (own(view.memory.value.firstSeen, target.version) ?? []) : [];
  const seen = sightings.find((sighting) => sighting.commit === target.commit);
  const from = seen === undefined ? context.now : beganAt(seen, context);
  const ripe = new Date(from.getTime() + manifest.release.minAgeMs);
  if (ripe <= context.now) return null;
  const message = `${target.version} was first seen ${from.toISOString()}; release.minAge makes it wait`;
  return held('release-too-young', message, ripe);
}

function failedBefore({ view, target, inputs, context }: GateQuestion): Gated | null {
  if (!view.trials.readable || context.ignoreHolds(view.recipe)) return null;
  const anchors = view.memory.readable ? view.memory.value.holdsFrom : {};
  const hold = holdOn(inputs, view.trials.value, anchors, context);
  if (hold === null) return null;
  const { trial } = hold;
  const step = trial.steps.find(({ ok }) => ok === false)?.name;
  const where = step === undefined ? '' : ` at ${step}`;
  const message =
    `${target.version} was ${trial.verdict}${where} in trial ${trial.id}, and nothing that it hangs on ` +
    `has changed since: ${firstLine(trial.message ?? 'no message')}`;
  return held('failed-same-inputs', message, hold.until);
}

/** A failure that cannot be read is not taken for none (invariant I7). */
function failedForAllThatIsKnown({ view, target, context }: GateQuestion): Gated | null {
  if (!view.trials.readable || context.ignoreHolds(view.recipe)) return null;
  const canonical = view.record.readable ? (view.record.value?.generation ?? null) : null;
  const damaged = mayHold(view.damagedTrials, view.trials.value, canonical);
  if (damaged === null) return null;
  const message =
    `whether ${target.version} failed before cannot be told, as trial ${damaged.id} cannot be read: ${damaged.why}; ` +
    'put that file back, or take its folder away, or try the release all the same with --retry-failed';
  return { decision: 'unknown', reason: 'record-unreadable', message, nextAt: null };
}

/** What was due when the window opened is served to the end, past its closing (windows.ts). */
function outsideWindow({ view, fleet }: GateQuestion): Gated | null {
  const due = view.memory.readable && view.memory.value.dueSince !== null;
  if (fleet.window.open || due) return null;
  const { nextAt } = fleet.window;
  const until = nextAt === null ? '' : ` until ${nextAt}`;
  return { ...held('outside-window', `the maintenance window is closed${until}`, null), nextAt };
}

/** What a trial of a recipe may come to take: twice its canonical, for a seed twice the fleet's median. */
export function roomFor(view: RecipeView, fleet: FleetView): number {
  return 2 * (canonicalBytes(view) ?? medianCanonical(fleet));
}

/** Contract: allocated + reserved by running trials + 2 x the canonical (a seed: the fleet's median) must fit. */
function noRoom({ view, fleet, config }: GateQuestion): Gated | null {
  if (config.diskBudgetBytes === null) return null;
  const { allocatedBytes, reservedBytes } = fleet.disk;
  const needed = roomFor(view, fleet);
  const total = allocatedBytes + reservedBytes + needed;
  if (total <= config.diskBudgetBytes) return null;
  const message =
    `a trial may need ${needed} bytes; with ${allocatedBytes} allocated and ${reservedBytes} reserved that makes ` +
    `${total}, more than diskBudget ${config.diskBudgetBytes}`;
  return held('disk-budget', message, null);
}

function notReady({ closure }: GateQuestion): Gated | null {
  if (closure.ready) return null;
  return {
    decision: 'blocked',
    reason: 'dependency-not-ready',
    message: `waits for dependency ${closure.name}: ${closure.why}`,
    nextAt: null,
  };
}

function canonicalBytes(view: RecipeView): number | null {
  const canonical = view.generations.readable ? view.generations.value[0] : undefined;
  return canonical?.allocatedBytes ?? null;
}

function settledCanonicalBytes({ known }: SettledRecipe): number {
  return known.trace.generations[0]?.allocatedBytes ?? 0;
}

function medianCanonical(fleet: FleetView): number {
  const settled = [...(fleet.settled?.values() ?? [])].map(settledCanonicalBytes);
  const sizes = [...fleet.recipes.values()]
    .flatMap((view) => canonicalBytes(view) ?? [])
    .concat(settled)
    .toSorted((a, b) => a - b);
  return sizes[Math.floor(sizes.length / 2)] ?? 0;
}

function held(reason: Reason, message: string, until: Date | null): Gated {
  return { decision: 'held', reason, message, nextAt: until?.toISOString() ?? null };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
