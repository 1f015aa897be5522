/** What of a recipe's mirror is worth remembering, and what of it is news. */
import { mirrorState } from './mirror-drift.ts';
import type { MirrorMemory, RecipeMemory, Rewrite } from './model.ts';
import type { SyncOutcome } from './sync-mirrors.ts';
import type { RecipeView } from './view.ts';

/** Newest first; older ones are in the logs of the trials that met them. */
const REWRITES_KEPT = 20;

const NOTHING: MirrorMemory = { foreignTags: [], rewrites: [], failing: null, pullRequests: null };

/** Where nothing changed the same object comes back. */
export function rememberMirror(
  memory: RecipeMemory,
  view: RecipeView,
  outcome: SyncOutcome | null,
  now: Date,
): RecipeMemory {
  const before = memory.mirror ?? NOTHING;
  const after = updated(before, view, outcome, now.toISOString());
  return JSON.stringify(after) === JSON.stringify(before) ? memory : { ...memory, mirror: after };
}

function updated(
  before: MirrorMemory,
  view: RecipeView,
  outcome: SyncOutcome | null,
  at: string,
): MirrorMemory {
  const isEqual = mirrorState(view)?.state === 'equal';
  if (outcome === null) return { ...before, failing: isEqual ? null : before.failing };
  const { report, fault } = outcome;
  if (report === null) return { ...before, failing: { since: before.failing?.since ?? at, message: fault } };
  const { pullRequests: trouble, rewrites } = report;
  return {
    foreignTags: report.foreignTags,
    rewrites: withNew(rewrites, before.rewrites, at),
    failing: null,
    pullRequests: trouble === null ? null : { since: before.pullRequests?.since ?? at, message: trouble },
  };
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

/** Said once, in the pass that finds it out. */
export function mirrorNews(before: RecipeMemory, after: RecipeMemory, outcome: SyncOutcome | null): string[] {
  const known = new Set(before.mirror?.foreignTags);
  const foreign = (after.mirror?.foreignTags ?? []).filter((name) => !known.has(name));
  const rewrites = (outcome?.report?.rewrites ?? []).map(({ ref, from, to }) =>
    to === null
      ? `upstream withdrew ${ref}, which named ${from}`
      : `upstream rewrote ${ref} from ${from} to ${to}`,
  );
  const closed = (outcome?.report?.closed ?? []).map(
    (number) => `closed pull request ${number} of the mirror, which would change nothing any more`,
  );
  const tags =
    foreign.length === 0
      ? []
      : [`tags of the mirror that upstream does not have, left alone: ${foreign.join(', ')}`];
  return [...rewrites, ...tags, ...closed];
}
