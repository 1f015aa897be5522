/**
 * Whether a trial that runs is still the right one. A look goes on beside it, and decides as if it were not there; what
 * that wants is compared with what the trial was started for. One that is not wanted any more is ended at its next
 * safe point, torn down, and the right one is started by the look after it.
 *
 * What could not be read ends nothing (invariant I7); nor does a gate that lets nothing begin now, such as the window or
 * a hold on the newer release: the trial that runs began when it might.
 */
import { inputsText } from './inputs.ts';
import type { Decision, FleetConfig, Manifest, TrialPlan, TrialRecord } from './model.ts';
import { classify } from './releases.ts';
import type { DecideContext, RecipeView } from './view.ts';

export interface Running {
  manifest: Manifest;
  plan: TrialPlan;
}

export interface Superseded {
  /** A stable word, stored with the trial. */
  reason: string;
  message: string;
}

/** A stream of new tags ends so many trials in a row, and then lets one finish. */
const ENDED_IN_A_ROW = 2;
const NEWER_RELEASE = 'newer-release';

/** Null where it is to go on. `view` and `decision`: of a look that began after the trial did. */
export function whySuperseded(
  running: Running,
  view: RecipeView,
  decision: Decision,
  surroundings: { config: FleetConfig; context: DecideContext },
): Superseded | null {
  if (decision.decision === 'unknown') return null;
  const { plan, reason, message } = decision;
  if (decision.decision === 'not-enrolled') return { reason: 'de-enrolled', message };
  if (reason === 'suspended' || reason === 'frozen') return { reason, message };
  if (decision.drift === null) return { reason: 'not-wanted', message };
  if (plan === null || plan.inputs === running.plan.inputs) return null;
  const { target } = running.plan;
  if (plan.target.version === target.version)
    return {
      reason: plan.target.commit === target.commit ? 'edited' : 'tag-moved',
      message: changed(running),
    };
  if (mayFinish(running, view, plan, surroundings)) return null;
  const newer = `${plan.target.version} is to be tested instead of ${target.version}`;
  return { reason: NEWER_RELEASE, message: newer };
}

/** Only newer releases are let wait, and only for a trial whose own release is still as good as when it began. */
function mayFinish(
  { plan: { target, inputs } }: Running,
  { manifest, refs, memory, trials }: RecipeView,
  plan: TrialPlan,
  { config, context }: { config: FleetConfig; context: DecideContext },
): boolean {
  if (manifest === null || refs?.readable !== true || !trials.readable) return false;
  if (endedInARow(trials.value) < ENDED_IN_A_ROW) return false;
  const notCommits = memory.readable ? memory.value.notCommits : {};
  const { allowed } = classify(refs.value.tags, manifest.release, notCommits);
  if (!allowed.some(({ version, commit }) => version === target.version && commit === target.commit))
    return false;
  const { base, dependencies, domain } = plan;
  const now = inputsText({
    manifest,
    target,
    base,
    dependencies,
    driver: config.driver,
    domain,
    program: context.program,
  });
  return context.digest(now) === inputs;
}

/** Newest first; the one that runs has no verdict yet. */
function endedInARow(trials: readonly TrialRecord[]): number {
  const ended = trials.filter(({ verdict }) => verdict !== null);
  const other = ended.findIndex(
    ({ verdict, reason }) => verdict !== 'superseded' || reason !== NEWER_RELEASE,
  );
  return other === -1 ? ended.length : other;
}

function changed({ plan: { target }, manifest }: Running): string {
  return `what a trial of ${target.version} hangs on has changed since it began: ${manifest.file}, the tag, its base or a dependency`;
}
