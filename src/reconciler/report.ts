/** What a pass, a plan and a status say: the rows that are printed and stored, and the exit code over them. */
import type {
  Decision,
  DecisionKind,
  Pause,
  Program,
  Row,
  RowMirror,
  RowTrial,
  TrialRecord,
} from './model.ts';
import { fromCompactTime } from './compact-time.ts';
import { exitCodeOf } from './exit-code.ts';
import { mirrorState } from './mirror-drift.ts';
import { paused } from './pause.ts';
import { isMirrorDue, type SyncOutcome } from './sync-mirrors.ts';
import type { FleetView, RecipeView } from './view.ts';

export type { Row } from './model.ts';

type ReportKind = 'Plan' | 'Pass';

export interface Report {
  apiVersion: 'reconcile/v1';
  kind: ReportKind;
  observedAt: string;
  exitCode: number;
  /** Why it could not run; absent where it could. */
  error?: string;
  program: Program;
  summary: Partial<Record<DecisionKind, number>>;
  disk: Disk;
  /** Of the whole fleet, as the Reconciler document says, in force or ended; null where it says nothing. */
  freeze: Pause | null;
  recipes: readonly Row[];
}

/** What all generations take together, orphans included, and what they may; null where nothing was said of that. */
interface Disk {
  allocatedBytes: number;
  budgetBytes: number | null;
}

export function diskOf({ disk, config }: FleetView): Disk {
  const budgetBytes = config.readable ? config.value.diskBudgetBytes : null;
  return { allocatedBytes: disk.allocatedBytes, budgetBytes };
}

export function freezeOf({ config }: Pick<FleetView, 'config'>): Pause | null {
  return config.readable ? config.value.freeze : null;
}

export interface Acted {
  trial: TrialRecord | null;
}

interface RowExtra {
  after: readonly string[];
  acted: Acted | null;
  notes?: readonly string[];
  synced?: SyncOutcome | null;
  now: Date;
}

export function rowOf(decision: Decision, view: RecipeView, extra: RowExtra): Row {
  const { recipe, drift, reason, message, latest, canonical, nextAt, notes } = decision;
  const suspend = view.manifest?.suspend ?? null;
  const isSuspended = paused(suspend, extra.now) !== null;
  const memory = view.memory.readable ? view.memory.value : null;
  const record = view.record.readable ? view.record.value : null;
  const generations = view.generations.readable ? view.generations.value : [];
  return {
    recipe,
    decision: decision.decision,
    drift,
    reason,
    message,
    latest,
    canonical,
    after: extra.after,
    nextAt,
    acted: extra.acted !== null,
    trial: extra.acted?.trial ? trialOf(extra.acted.trial) : null,
    mirror: mirrorOf(decision, view, extra),
    suspended: isSuspended ? suspend : null,
    suspensionEnded: isSuspended ? null : (suspend?.until ?? null),
    driftSince: memory?.driftSince ?? null,
    promotedAt: record === null ? null : fromCompactTime(record.ts),
    lastVerdict: memory?.lastVerdict ?? null,
    damage: generations[0]?.damage.length ?? 0,
    bytes: bytesOf(view),
    allocatedBytes: generations.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0),
    notes: [...notes, ...(extra.notes ?? []), ...(extra.acted?.trial?.notes ?? [])],
    leftovers: view.leftovers.readable ? view.leftovers.value : null,
    observedAt: extra.now.toISOString(),
  };
}

/** Of an orphan without a canonical everything counts, as nothing else tells how much forgetting it gives back. */
function bytesOf({ generations, holdings }: RecipeView): number {
  const kept = generations.readable ? generations.value : [];
  const stored = holdings?.readable === true ? holdings.value : [];
  return [...kept, ...stored].reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
}

function mirrorOf(decision: Decision, view: RecipeView, { synced, now }: RowExtra): RowMirror | null {
  const { manifest, memory } = view;
  if (manifest === null || manifest.mirror === null) return null;
  const remembered = memory.readable ? memory.value.mirror : null;
  const shared = {
    url: manifest.mirror.url,
    reason: null,
    failingSince: remembered?.failing?.since ?? null,
    pullRequests: remembered?.pullRequests?.message ?? null,
  };
  if (synced?.report) {
    return { ...shared, state: 'equal', message: `${shared.url} was made equal to upstream`, due: false };
  }
  if (synced?.fault != null) return { ...shared, ...synced.fault, state: 'failing', due: true };
  const found = mirrorState(view);
  if (found === null) return { ...shared, state: 'unread', message: 'upstream was not read', due: false };
  return { ...shared, state: found.state, message: found.message, due: isMirrorDue(view, decision, now) };
}

function trialOf({ id, verdict, steps, message, promoted }: TrialRecord): RowTrial {
  const failed = verdict === 'green' ? undefined : steps.find(({ ok }) => ok === false);
  return { id, verdict, step: failed?.name ?? null, message, promoted };
}

export interface ReportOptions {
  kind: ReportKind;
  observedAt: string;
  program: Program;
  disk: Disk;
  freeze: Pause | null;
  /** Why nothing could be done, where nothing could: exit code 1. */
  error: string | null;
}

export function reportOf(rows: readonly Row[], options: ReportOptions): Report {
  const { kind, observedAt, program, disk, freeze, error } = options;
  const recipes = rows.toSorted((a, b) => (a.recipe < b.recipe ? -1 : 1));
  const summary: Partial<Record<DecisionKind, number>> = {};
  for (const { decision } of recipes) summary[decision] = (summary[decision] ?? 0) + 1;
  const exitCode = error === null ? exitCodeOf(recipes, kind) : 1;
  return {
    apiVersion: 'reconcile/v1',
    kind,
    observedAt,
    exitCode,
    ...(error === null ? {} : { error }),
    program,
    summary,
    disk,
    freeze,
    recipes,
  };
}
