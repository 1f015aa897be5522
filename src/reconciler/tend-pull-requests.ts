/**
 * Looks after the pull requests on the team's mirrors: of each mirror that was synced in this pass, and of each for which
 * it failed the last time. At the end of a pass, on nobody's time: a forge is no part of what is tested.
 */
import { mapBounded } from './bounded.ts';
import type { Decision, PullRequestReport } from './model.ts';
import { AT_ONCE, mayBeSynced, type SyncOutcomes, type Syncing } from './sync-mirrors.ts';
import type { RecipeView } from './view.ts';

export type PullRequestReports = Map<string, PullRequestReport>;

export function arePullRequestsDue(
  view: RecipeView,
  decision: Pick<Decision, 'decision'>,
  synced: SyncOutcomes,
  now: Date,
): boolean {
  const { manifest, memory, recipe } = view;
  if (manifest?.mirror?.forge == null || !mayBeSynced(view, decision, now)) return false;
  const isLeft = memory.readable && memory.value.mirror?.pullRequests != null;
  return isLeft || synced.get(recipe)?.report != null;
}

/** A forge that failed for so many recipes in a row is asked for no other in this pass. */
const FEW = 3;

export async function tendPullRequests(
  views: readonly RecipeView[],
  { mirror, stop, workFor }: Omit<Syncing, 'outcomes'>,
): Promise<PullRequestReports> {
  const reports: PullRequestReports = new Map();
  const failures = new Map<string, number>();
  await mapBounded(views, AT_ONCE, async ({ recipe, manifest }) => {
    const api = manifest?.mirror?.forge?.api;
    if (manifest === null || api === undefined || stop.aborted) return;
    const failed = failures.get(api) ?? 0;
    if (failed >= FEW) {
      const trouble = `${api} failed ${failed} times in a row and was not asked; it is tried again by the next pass`;
      reports.set(recipe, { closed: [], trouble });
      return;
    }
    const report = await mirror.tendPullRequests(manifest, workFor(recipe, stop));
    // Others may have failed meanwhile.
    failures.set(api, report.trouble === null ? 0 : (failures.get(api) ?? 0) + 1);
    reports.set(recipe, report);
  });
  return reports;
}
