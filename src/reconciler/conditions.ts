/**
 * A recipe's conditions, in the manner of Kubernetes: is it ready, is something done about it, is it stuck; each with
 * why, since when, and by which wording of its manifest.
 */
import { canonicalJson } from './canonical-json.ts';
import type { Condition, ConditionType, Decision, Manifest, TrialRecord } from './model.ts';

/** A trial that goes on, as far as a condition tells of it. */
export type OnTrial = Pick<TrialRecord, 'id' | 'version' | 'startedAt'>;

const TYPES: readonly ConditionType[] = ['Ready', 'Reconciling', 'Stalled'];

/** Of a digest with its algorithm's name: enough to tell the wordings of one manifest apart. */
const SHORT = 'sha256:'.length + 12;

/** By which wording of its manifest something was decided: what its author wrote, wherever that lies. */
export function observedGeneration(
  manifest: Manifest | null,
  digest: (text: string) => string,
): string | null {
  return manifest === null ? null : digest(canonicalJson(manifest.document)).slice(0, SHORT);
}

/** As they are now. A transition time moves only if status, reason or message did. */
export function conditionsOf(
  decision: Decision,
  { before, onTrial, now }: { before: readonly Condition[]; onTrial: OnTrial | null; now: Date },
): readonly Condition[] {
  return TYPES.map((type): Condition => {
    const running = type === 'Reconciling' ? onTrial : null;
    const said = running === null ? asDecided(type, decision) : asTried(running);
    const old = before.find((each) => each.type === type);
    const since = old !== undefined && saysTheSame(old, said) ? old.lastTransitionTime : null;
    return {
      type,
      ...said,
      observedGeneration: decision.observedGeneration,
      lastTransitionTime: since ?? running?.startedAt ?? now.toISOString(),
    };
  });
}

/**
 * Whether they are worth writing. What an earlier version left out of them is filled in with the next one that is: a
 * pass in which nothing happens writes no file for it (invariant I4).
 */
export function areNews(before: readonly Condition[], now: readonly Condition[]): boolean {
  return (
    before.length !== now.length ||
    now.some((each, index) => {
      const old = before[index];
      if (old === undefined || old.type !== each.type || !saysTheSame(old, each)) return true;
      return old.observedGeneration !== null && old.observedGeneration !== each.observedGeneration;
    })
  );
}

type Said = Pick<Condition, 'status' | 'reason' | 'message'>;

function saysTheSame(one: Said, other: Said): boolean {
  return one.status === other.status && one.reason === other.reason && one.message === other.message;
}

function asDecided(type: ConditionType, { decision, plan, reason, message }: Decision): Said {
  const truth: Record<ConditionType, boolean> = {
    Ready: decision === 'in-sync',
    Reconciling: plan !== null,
    Stalled: ['unknown', 'held', 'blocked', 'suspended'].includes(decision),
  };
  return { status: truth[type] ? 'True' : 'False', reason, message };
}

/** Whatever a look beside it decides: until the trial has ended, something is done. */
function asTried({ id, version }: OnTrial): Said {
  return { status: 'True', reason: 'on-trial', message: `trial ${id} of ${version} runs` };
}
