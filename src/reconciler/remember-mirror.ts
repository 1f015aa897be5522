/** What of a recipe's mirror is worth remembering, and what of it is news. */
import { mirrorState } from './mirror-drift.ts';
import type { MirrorMemory, PullRequestReport, RecipeMemory, Rewrite } from './model.ts';
import type { SyncOutcome } from './sync-mirrors.ts';
import type { RecipeView } from './view.ts';

/** Newest first; older ones are in the logs of the trials that met them. */
const REWRITES_KEPT = 20;

const NOTHING: MirrorMemory = { foreignTags: [], rewrites: [], failing: null, pullRequests: null };

/** What came of a recipe's mirror in a pass, as far as something was done. */
export interface MirrorOutcome {
  synced: SyncOutcome | null;
  tended: PullRequestReport | null;
}

/** Where nothing changed the same object comes back. */
export function rememberMirror(
  memory: RecipeMemory,
  view: RecipeView,
  outcome: MirrorOutcome,
  now: Date,
): RecipeMemory {
  const before = memory.mirror ?? NOTHING;
  const at = now.toISOString();
  const after = withTended(withSynced(before, view, outcome.synced, at), outcome.tended, at);
  return JSON.stringify(after) === JSON.stringify(before) ? memory : { ...memory, mirror: after };
}

function withSynced(
  before: MirrorMemory,
  view: RecipeView,
  synced: SyncOutcome | null,
  at: string,
): MirrorMemory {
  if (synced?.report != null) {
    const { foreignTags, rewrites } = synced.report;
    return { ...before, foreignTags, rewrites: withNew(rewrites, before.rewrites, at), failing: null };
  }
  const found = mirrorState(view);
  const unreadable = found?.state === 'unreadable' ? found.message : null;
  const why = synced?.fault.message ?? unreadable;
  if (why !== null) return { ...before, failing: { since: before.failing?.since ?? at, message: why } };
  return found?.state === 'equal' ? { ...before, failing: null } : before;
}

function withTended(before: MirrorMemory, tended: PullRequestReport | null, at: string): MirrorMemory {
  if (tended === null) return before;
  const { trouble } = tended;
  const since = before.pullRequests?.since ?? at;
  return { ...before, pullRequests: trouble === null ? null : { since, message: trouble } };
}

/** What one sync brought to light may be remembered more than once in a pass. */
function withNew(
  found: readonly Rewrite[],
  known: MirrorMemory['rewrites'],
  at: string,
): MirrorMemory['rewrites'] {
  const fresh = found.filter(({ ref, from, to }) => {
    const last = known.find((each) => each.ref === ref);
    return last === undefined || last.from !== from || last.to !== to;
  });
  return fresh.length === 0
    ? known
    : [...fresh.map((each) => ({ ...each, at })), ...known].slice(0, REWRITES_KEPT);
}

/** Of more than so many only the first are told one by one. */
const TOLD = 10;

/** Said once, in the pass that finds it out. */
export function mirrorNews(
  before: RecipeMemory,
  after: RecipeMemory,
  { synced, tended }: MirrorOutcome,
): string[] {
  const known = new Set(before.mirror?.foreignTags);
  const foreign = (after.mirror?.foreignTags ?? []).filter((name) => !known.has(name));
  const rewrites = (synced?.report?.rewrites ?? []).map(({ ref, from, to }) =>
    to === null
      ? `upstream withdrew ${ref}, which named ${from}`
      : `upstream rewrote ${ref} from ${from} to ${to}`,
  );
  const closed = (tended?.closed ?? []).map(
    (number) => `closed pull request ${number} of the mirror, which would change nothing any more`,
  );
  const tags =
    foreign.length === 0
      ? []
      : [`tags of the mirror that upstream does not have, left alone: ${some(foreign).join(', ')}`];
  return [...some(rewrites), ...tags, ...some(closed)];
}

function some(all: readonly string[]): string[] {
  const more = all.length - TOLD;
  return more > 0 ? [...all.slice(0, TOLD), `and ${more} more`] : [...all];
}
