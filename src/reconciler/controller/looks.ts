/**
 * One look at one recipe: both sides are read, it is decided, what is news is remembered. The only place of the loop
 * that writes a recipe's memory: what a trial or a sync found out is handed to the look after it.
 */
import type { OnTrial } from '../conditions.ts';
import { describe, Fenced } from '../errors.ts';
import { instantOf } from '../look.ts';
import { mirrorState } from '../mirror-drift.ts';
import type { Decision, Instant, RecipeMemory } from '../model.ts';
import { findingsOf, isRemembered } from '../pass-memory.ts';
import type { PassPorts } from '../pass.ts';
import type { Calendar } from '../ports.ts';
import type { Row } from '../report.ts';
import { rememberTags } from '../remember.ts';
import { unreadOf } from '../unread.ts';
import { readable, type RecipeView } from '../view.ts';
import { decideWithin, openingSince } from '../windows.ts';
import type { Looked } from './events.ts';
import type { Handed } from './handover.ts';
import type { Knowledge } from './knowledge.ts';
import { isNews } from './news.ts';
import { observeOne } from './observing.ts';

export interface LookPorts extends PassPorts {
  calendar: Calendar;
}

export interface LookResult {
  view: RecipeView;
  decision: Decision;
  told: Looked;
  /** Whether what was found could be remembered. */
  isRemembered: boolean;
}

/** Null where nothing has that name any more. */
export async function lookAt(
  recipe: string,
  reconcile: string,
  {
    knowledge,
    ports,
    handed,
    onTrial,
    signal,
  }: {
    knowledge: Knowledge;
    ports: LookPorts;
    handed: Handed;
    /** A trial of it that goes on beside this look. */
    onTrial: OnTrial | null;
    signal: AbortSignal;
  },
): Promise<LookResult | null> {
  const observed = await observeOne(recipe, knowledge, ports, signal);
  if (observed === null) return null;
  const instant = instantOf(ports.clock);
  // Before deciding: when a tag was first seen is part of what is said, and is not to be said otherwise by the next look.
  const seen = withSightings(observed, instant);
  const last = knowledge.view(recipe) ?? null;
  knowledge.see(seen);
  const opening = openingFor(recipe, knowledge, ports.calendar, instant);
  const decided = decideWithin(
    seen,
    knowledge.fleetView(instant, recipe),
    knowledge.context(instant),
    opening,
  );
  const found = {
    ...decided,
    outcome: { synced: handed.synced, tended: handed.tended },
    trial: handed.trial,
    onTrial,
  };
  const { view, news, failure } = await remember({ observed, last }, found, instant, ports);
  const decision = failure === null ? decided.decision : saying(decided.decision, failure);
  const notes = failure === null ? news : [...news, failure];
  const { row, before } = knowledge.learn(view, decision, {
    now: instant.now,
    lookedAt: instant.now,
    notes,
    synced: handed.synced ?? (mirrorState(view)?.state === 'equal' ? null : handed.standing),
  });
  return {
    view,
    decision,
    told: toldOf({ reconcile, row, before, view, handed }),
    isRemembered: failure === null,
  };
}

function withSightings(view: RecipeView, instant: Instant): RecipeView {
  const { memory, refs } = view;
  if (!memory.readable || refs?.readable !== true) return view;
  return { ...view, memory: readable(rememberTags(memory.value, refs.value.tags, instant)) };
}

function toldOf({
  reconcile,
  row,
  before,
  view,
  handed,
}: {
  reconcile: string;
  row: Row;
  before: Row | null;
  view: RecipeView;
  handed: Handed;
}): Looked {
  const mirrorFailed = handed.synced?.fault != null;
  return {
    type: 'looked',
    reconcile,
    row,
    before,
    isNews: isNews(before, row),
    unread: unreadOf(view),
    mirrorFailed,
  };
}

function openingFor(recipe: string, knowledge: Knowledge, calendar: Calendar, { now }: Instant): Date | null {
  const { config } = knowledge;
  return config === null ? null : openingSince(knowledge.lastLook(recipe), now, config, calendar);
}

function saying(decision: Decision, what: string): Decision {
  return { ...decision, message: `${decision.message}; ${what}` };
}

interface Remembered {
  view: RecipeView;
  news: string[];
  /** Why it could not be remembered; it is found out again by the next look. */
  failure: string | null;
}

async function remember(
  { observed, last }: { observed: RecipeView; last: RecipeView | null },
  found: { view: RecipeView; decision: Decision } & Pick<
    Parameters<typeof findingsOf>[1],
    'outcome' | 'trial' | 'onTrial'
  >,
  instant: Instant,
  ports: Pick<PassPorts, 'memory'>,
): Promise<Remembered> {
  const { view } = found;
  if (!observed.memory.readable || !view.memory.readable) return { view, news: [], failure: null };
  if (!isRemembered(observed)) {
    // For as long as this process runs: the times of its conditions are those of changes here, too.
    const before = last?.memory.readable === true ? last.memory.value : view.memory.value;
    const { memory } = findingsOf(before, found, instant);
    return { view: { ...view, memory: readable(memory) }, news: [], failure: null };
  }
  const before: RecipeMemory = observed.memory.value;
  const { memory, news } = findingsOf(view.memory.value, found, instant);
  if (memory === before) return { view, news, failure: null };
  try {
    await ports.memory.remember(view.recipe, memory);
    return { view: { ...view, memory: readable(memory) }, news, failure: null };
  } catch (error) {
    if (error instanceof Fenced) throw error;
    return { view, news, failure: `what was seen could not be remembered: ${firstClause(describe(error))}` };
  }
}

/** What the system says after that names a passing file, another at each attempt. */
function firstClause(text: string): string {
  return text.split(',', 1)[0] ?? text;
}
