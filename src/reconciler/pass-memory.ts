/** Stores what a pass found out about a recipe, where anything of it is news (invariant I4). */
import { describe, Fenced } from './errors.ts';
import type { Look } from './look.ts';
import type { Decision, Instant, RecipeMemory, TrialRecord } from './model.ts';
import type { MemoryWriter } from './ports.ts';
import type { OnTrial } from './conditions.ts';
import { mirrorNews, rememberMirror, type MirrorOutcome } from './remember-mirror.ts';
import {
  rememberCanonical,
  rememberDecision,
  rememberHolds,
  rememberTags,
  rememberTrial,
} from './remember.ts';
import type { SyncOutcomes } from './sync-mirrors.ts';
import type { PullRequestReports } from './tend-pull-requests.ts';
import type { RecipeView } from './view.ts';

export interface Findings {
  ports: { memory: MemoryWriter };
  found: Look;
  synced: SyncOutcomes;
  tended: PullRequestReports;
  /** What there is to say of a recipe that no decision says. */
  notes: Map<string, readonly string[]>;
}

/** `trial`: one that just ended. */
export async function rememberFindings(
  pass: Findings,
  name: string,
  instant: Instant,
  trial?: TrialRecord,
): Promise<void> {
  const { ports, found, synced, tended } = pass;
  const view = found.view.recipes.get(name);
  const decision = found.decisions.get(name);
  if (view === undefined || decision === undefined) return;
  if (!view.memory.readable || !isRemembered(view)) return;
  const before = view.memory.value;
  const outcome = { synced: synced.get(name) ?? null, tended: tended.get(name) ?? null };
  const ended = trial ?? null;
  const { memory, news } = findingsOf(
    before,
    { view, decision, outcome, trial: ended, onTrial: null },
    instant,
  );
  addNotes(pass, name, news);
  if (memory === before) return;
  try {
    await ports.memory.remember(name, memory);
    found.view.recipes.set(name, { ...view, memory: { readable: true, value: memory } });
  } catch (error) {
    if (error instanceof Fenced) throw error;
    // It is found out again by the next look; until then the others are served as always.
    const note = `what was seen could not be remembered: ${describe(error)}`;
    addNotes(pass, name, [note]);
    found.decisions.set(name, { ...decision, message: `${decision.message}; ${note}` });
  }
}

/** Of what is not enrolled only what it left is gone on with: nothing is stored under a name that never had anything. */
export function isRemembered({ manifest, record, memory }: RecipeView): boolean {
  if (manifest?.enrolled === true || (record.readable && record.value !== null)) return true;
  return memory.readable && memory.value.conditions.length > 0;
}

/** What was found out about one recipe. */
export interface Found {
  view: RecipeView;
  decision: Decision;
  outcome: MirrorOutcome;
  /** One that just ended. */
  trial: TrialRecord | null;
  /** One that goes on. */
  onTrial: OnTrial | null;
}

/** What is to be remembered: the same object where nothing of it is news. And what there is to say of that, once. */
export function findingsOf(
  before: RecipeMemory,
  { view, decision, outcome, trial, onTrial }: Found,
  instant: Instant,
): { memory: RecipeMemory; news: string[] } {
  // What is not enrolled was not asked about: of that nothing new is known.
  if (view.manifest?.enrolled !== true)
    return { memory: rememberDecision(before, decision, instant.now, onTrial), news: [] };
  let memory = observed(before, view, instant, trial);
  memory = rememberDecision(memory, decision, instant.now, onTrial);
  memory = rememberMirror(memory, view, outcome, instant.now);
  return { memory, news: mirrorNews(before, memory, outcome) };
}

function observed(
  before: RecipeMemory,
  view: RecipeView,
  instant: Instant,
  trial: TrialRecord | null,
): RecipeMemory {
  let memory = view.refs?.readable === true ? rememberTags(before, view.refs.value.tags, instant) : before;
  if (view.record.readable) memory = rememberCanonical(memory, view.record.value);
  // What an unreadable one holds from is not forgotten: it may be put back.
  if (view.trials.readable && view.damagedTrials.length === 0)
    memory = rememberHolds(memory, view.trials.value, instant);
  return trial === null ? memory : rememberTrial(memory, trial);
}

function addNotes({ notes }: Findings, name: string, more: readonly string[]): void {
  const known = notes.get(name) ?? [];
  const fresh = more.filter((note) => !known.includes(note));
  if (fresh.length > 0) notes.set(name, [...known, ...fresh]);
}
