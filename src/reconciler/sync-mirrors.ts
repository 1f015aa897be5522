/**
 * Keeps the team's mirrors equal to upstream where no trial does it. A mirror that differs is drift of its own: it is
 * synced in the same pass, also where the recipe itself is in sync or held, but not while it is suspended.
 */
import { mapBounded } from './bounded.ts';
import { Fenced, inFull, TrialEnded, TrialFault } from './errors.ts';
import { mirrorState } from './mirror-drift.ts';
import type { Decision, SyncReport } from './model.ts';
import { paused } from './pause.ts';
import type { MirrorPort, Work } from './ports.ts';
import type { RecipeView } from './view.ts';

/** What came of syncing one recipe's mirrors: what it brought to light, or why it failed. */
export type SyncOutcome =
  { report: SyncReport; fault: null } | { report: null; fault: { reason: string; message: string } };

/** Of every sync in a pass, by recipe; whoever asked for it, a trial or the pass itself. */
export type SyncOutcomes = Map<string, SyncOutcome>;

export function noting(mirror: MirrorPort, outcomes: SyncOutcomes): MirrorPort {
  return {
    ...mirror,
    sync: async (request, work) => {
      const { name } = request.manifest;
      try {
        const report = await mirror.sync(request, work);
        outcomes.set(name, { report, fault: null });
        return report;
      } catch (error) {
        if (!(error instanceof Fenced || error instanceof TrialEnded) && !work.signal.aborted)
          outcomes.set(name, { report: null, fault: faultOf(error) });
        throw error;
      }
    },
  };
}

function faultOf(error: unknown): { reason: string; message: string } {
  const reason = error instanceof TrialFault ? error.reason : 'unexpected';
  return { reason, message: inFull(error) };
}

/** Is its mirror to be made equal to upstream? */
export function isMirrorDue(view: RecipeView, decision: Pick<Decision, 'decision'>, now: Date): boolean {
  const state = mirrorState(view)?.state ?? 'equal';
  return state !== 'equal' && mayBeSynced(view, decision, now);
}

/** One that could not even be listed just now cannot be synced either, and is not waited for. */
export function isSyncDue(view: RecipeView, decision: Pick<Decision, 'decision'>, now: Date): boolean {
  return mirrorState(view)?.state === 'differs' && mayBeSynced(view, decision, now);
}

/** Not on a word of upstream that is not believed. */
export function mayBeSynced(
  { manifest }: RecipeView,
  { decision }: Pick<Decision, 'decision'>,
  now: Date,
): boolean {
  if (manifest === null || !manifest.enrolled || decision === 'unknown') return false;
  return paused(manifest.suspend, now) === null;
}

/** They fetch and push: more at once would make none of them faster. */
export const AT_ONCE = 4;

export interface Syncing {
  mirror: MirrorPort;
  outcomes: SyncOutcomes;
  stop: AbortSignal;
  workFor: (recipe: string, signal: AbortSignal) => Work;
}

/** Syncs each of them that was not synced yet. What fails is in the outcomes, and stops no other. */
export async function syncMirrors(views: readonly RecipeView[], syncing: Syncing): Promise<void> {
  const { mirror, outcomes, stop, workFor } = syncing;
  await mapBounded(views, AT_ONCE, async (view) => {
    const { manifest, recipe } = view;
    if (manifest === null || outcomes.has(recipe) || stop.aborted) return;
    try {
      await mirror.sync({ manifest, named: namedTags(view) }, workFor(recipe, stop));
    } catch (error) {
      if (error instanceof Fenced || !outcomes.has(recipe)) throw error;
    }
  });
}

/** What the local mirror keeps a tag of, though upstream may have withdrawn it. */
export function namedTags({ record, generations }: RecipeView): string[] {
  const canonical = record.readable && record.value !== null ? [record.value.version] : [];
  const kept = generations.readable
    ? generations.value.flatMap(({ document }) => document?.version ?? [])
    : [];
  return [...new Set([...canonical, ...kept])];
}
