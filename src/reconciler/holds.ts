/**
 * How long a failed trial is not repeated. Drawn once, when the trial ends, and stored with it; so every hold can
 * be derived again from the stored trials alone (design: holds).
 */
import { beganAt, isAhead, type Beginning } from './began.ts';
import type {
  Backoff,
  DamagedTrial,
  Instant,
  Manifest,
  RecipeMemory,
  TrialRecord,
  Verdict,
} from './model.ts';
import { own } from './own.ts';

/** After so many interruptions on the same inputs something is wrong that we do not know: treated as `infra`. */
const INTERRUPTIONS_BEFORE_INFRA = 3;

/** Verdicts that say something of what was tested. */
const ON_A_RELEASE: readonly Verdict[] = ['green', 'red', 'timeout'];

export const DEFAULT_RETRY: Manifest['retry'] = {
  red: { baseMs: 6 * 3_600_000, maxMs: 6 * 86_400_000 },
  infra: { baseMs: 30_000, maxMs: 3_600_000 },
};

export interface Hold {
  trial: TrialRecord;
  until: Date;
}

/**
 * The delay after a trial that just ended, in ms; null where it may be repeated at once.
 * `earlier`: the recipe's other trials on the same inputs, newest first. `random`: in [0, 1).
 */
export function retryDelay(
  verdict: Verdict,
  earlier: readonly Pick<TrialRecord, 'verdict'>[],
  policy: Manifest['retry'],
  random: number,
): number | null {
  const verdicts = [verdict, ...earlier.map((trial) => trial.verdict)];
  switch (verdict) {
    case 'green':
    case 'superseded':
      return null;
    case 'red':
    case 'timeout':
      return delay(leading(verdicts, ['red', 'timeout']), policy.red, random);
    case 'infra':
      return delay(leading(verdicts, ['infra', 'interrupted']), policy.infra, random);
    case 'interrupted': {
      const surplus = leading(verdicts, ['interrupted']) - INTERRUPTIONS_BEFORE_INFRA;
      return surplus < 0 ? null : delay(surplus + 1, policy.infra, random);
    }
  }
}

/** The hold that lasts longest among the trials on these inputs; null where none lasts past now. */
export function holdOn(
  inputs: string,
  trials: readonly TrialRecord[],
  holdsFrom: Readonly<Record<string, string>>,
  instant: Instant,
): Hold | null {
  let longest: Hold | null = null;
  for (const trial of trials) {
    if (trial.inputs !== inputs || trial.retryAfterMs === null || trial.endedAt === null) continue;
    const from = countsFrom(endOf(trial, trial.endedAt), own(holdsFrom, trial.id), instant);
    const until = new Date(from.getTime() + trial.retryAfterMs);
    if (until <= instant.now || (longest !== null && longest.until >= until)) continue;
    longest = { trial, until };
  }
  return longest;
}

/**
 * Of trials that cannot be read the newest that may hold something back: for all that is known it failed. It does not where
 * it, or a newer one, made the canonical; nor where a newer one has a verdict on a release, as a later attempt would.
 */
export function mayHold(
  damaged: readonly DamagedTrial[],
  trials: readonly TrialRecord[],
  canonical: number | null,
): DamagedTrial | null {
  const judged = trials.filter(({ verdict }) => verdict !== null && ON_A_RELEASE.includes(verdict));
  const latest = Math.max(canonical ?? 0, ...judged.map(({ generation }) => generation));
  const newer = damaged.filter(({ generation }) => generation > latest);
  return newer.toSorted((a, b) => b.generation - a.generation)[0] ?? null;
}

/**
 * What to remember so that trials which end in the future of this clock hold for their own delay and no longer:
 * from when each of them counts. The same object where nothing has to change.
 */
export function anchorHolds(
  trials: readonly TrialRecord[],
  holdsFrom: RecipeMemory['holdsFrom'],
  instant: Instant,
): RecipeMemory['holdsFrom'] {
  const anchored = trials.flatMap((trial) => {
    const { id, endedAt, retryAfterMs } = trial;
    if (endedAt === null || retryAfterMs === null) return [];
    const [end, anchor] = [endOf(trial, endedAt), own(holdsFrom, id)];
    if (anchor === undefined && !isAhead(end, instant)) return [];
    return [[id, earliest([anchor ?? endedAt, endedAt], instant.now).toISOString()] as const];
  });
  const same =
    anchored.length === Object.keys(holdsFrom).length &&
    anchored.every(([id, from]) => own(holdsFrom, id) === from);
  return same ? holdsFrom : Object.fromEntries(anchored);
}

function endOf({ uptime }: TrialRecord, at: string): Beginning {
  return { at, uptime: uptime?.end ?? null };
}

/** An end that had to be remembered anew counts from then on: no hold becomes eternal. */
function countsFrom(end: Beginning, anchored: string | undefined, instant: Instant): Date {
  const began = beganAt(end, instant);
  return anchored === undefined ? began : earliest([anchored], began);
}

function earliest(times: readonly string[], latest: Date): Date {
  return times.map((time) => new Date(time)).reduce((first, time) => (time < first ? time : first), latest);
}

/** Full jitter would let a retry come at once; half of the delay is always kept. */
function delay(failures: number, { baseMs, maxMs }: Backoff, random: number): number {
  const full = Math.min(baseMs * 2 ** Math.max(0, failures - 1), maxMs);
  return Math.round(full * (0.5 + random / 2));
}

function leading(verdicts: readonly (Verdict | null)[], counted: readonly Verdict[]): number {
  const end = verdicts.findIndex((verdict) => verdict === null || !counted.includes(verdict));
  return end === -1 ? verdicts.length : end;
}
