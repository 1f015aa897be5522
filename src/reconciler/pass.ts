/**
 * A pass: one reconcile of every recipe in scope. It looks once, then serves what drifted, dependencies first, a
 * bounded number at a time. Before each trial the recipe's own side is read and decided again, and after it once
 * more: what a row says is what was then found, not what a trial claimed (invariant I3).
 *
 * What failed for reasons that are not the recipe's (`infra`) is tried once more at the end.
 */
import { AT_WORK } from './at-work.ts';
import { Cancellations } from './cancellations.ts';
import { decide } from './decide.ts';
import { inDependencyOrder } from './dependencies.ts';
import { describe, Fenced } from './errors.ts';
import { roomFor } from './gates.ts';
import {
  contextOf,
  goesAfter,
  instantOf,
  isServed,
  look,
  needsOf,
  type Look,
  type LookPorts,
} from './look.ts';
import type { Decision, Fleet, Settled, TrialRecord } from './model.ts';
import { obeyRequests, type ObeyPorts } from './obey.ts';
import { allocated, observeLocally } from './observe.ts';
import { rememberFindings } from './pass-memory.ts';
import { diskOf, freezeOf, reportOf, rowOf, type Acted, type Report } from './report.ts';
import { serveInOrder } from './serve.ts';
import { awaken, rowOfSettled, settledIn } from './settled.ts';
import {
  isSyncDue,
  namedTags,
  noting,
  syncMirrors,
  type Syncing,
  type SyncOutcomes,
} from './sync-mirrors.ts';
import { arePullRequestsDue, tendPullRequests, type PullRequestReports } from './tend-pull-requests.ts';
import { runTrial } from './trial.ts';
import type { TrialEvent, TrialPorts } from './trial-run.ts';
import { unreadIn, type Unread } from './unread.ts';
import type { RecipeView } from './view.ts';

export interface PassPorts extends LookPorts, TrialPorts, ObeyPorts {
  driver: TrialPorts['driver'];
  fleet: TrialPorts['fleet'];
  instance: TrialRecord['instance'];
  /** For what a pass does outside of trials. */
  background: Syncing['workFor'];
}

export interface PassRequest {
  /** All recipes where none are named. */
  only: readonly string[];
  retryFailed: boolean;
}

export interface PassResult {
  report: Report;
  startedAt: string;
  /** Recipes that were enrolled at its start. */
  enrolled: readonly string[];
  /** The manifests that it went by. */
  fleet: Fleet;
  /** Recipes that are settled, by name. */
  settled: ReadonlyMap<string, Settled>;
  /** What could not be read when it was looked at last. */
  unread: Unread;
}

interface Pass {
  ports: PassPorts;
  request: PassRequest;
  found: Look;
  acted: Map<string, Acted>;
  /** What there is to say of a recipe that no decision says. */
  notes: Map<string, readonly string[]>;
  /** What came of syncing mirrors. */
  synced: SyncOutcomes;
  /** What came of looking after pull requests. */
  tended: PullRequestReports;
  /** Bytes that the trials under way may still come to take. */
  reserved: Map<string, number>;
  cancellations: Cancellations;
  onEvent: (event: TrialEvent) => void;
  stop: AbortSignal;
}

export async function runPass(
  request: PassRequest,
  ports: PassPorts,
  stop: AbortSignal,
  onEvent: (event: TrialEvent) => void,
): Promise<PassResult> {
  const startedAt = ports.clock.now().toISOString();
  await obeyRequests(ports);
  const since = ports.settled.lately();
  const found = await look(ports, request.only, { ...request, recalls: true }, stop);
  const cancellations = new Cancellations(ports);
  const synced: SyncOutcomes = new Map();
  const noted = { ...ports, mirror: noting(ports.mirror, synced) };
  const [acted, notes, reserved, tended] = [new Map(), new Map(), new Map(), new Map()];
  const shared = { ports: noted, request, found, cancellations, synced, onEvent, stop };
  const pass: Pass = { ...shared, acted, notes, reserved, tended };
  const after = new Map([...found.decisions.keys()].map((name) => [name, goesAfter(name, found)]));
  const enrolled = found.fleet.manifests.filter((manifest) => manifest.enrolled).map(({ name }) => name);
  if (found.error === null) {
    for (const name of found.decisions.keys()) await rememberFindings(pass, name, found);
    // Not behind trials that may take hours; and once more for those that a trial was to sync, and did not.
    await syncDueMirrors(pass, (name) => !isServed(name, found));
    await serveAll(pass);
    await syncDueMirrors(pass, () => true);
    await tend(pass);
  }
  if (await obeyRequests(ports)) await lookAtAllAgain(pass);
  const { fleet, view } = found;
  const report = reportOn(pass, after);
  const settled = await settledIn(pass, report.recipes, since);
  return { report, startedAt, enrolled, fleet, settled, unread: unreadIn(view) };
}

function reportOn(pass: Pass, after: ReadonlyMap<string, readonly string[]>): Report {
  const { ports, found } = pass;
  const now = ports.clock.now();
  const rows = [...found.decisions.values()].map((decision) =>
    rowOf(decision, viewOf(pass, decision.recipe), {
      after: after.get(decision.recipe) ?? [],
      acted: pass.acted.get(decision.recipe) ?? null,
      notes: pass.notes.get(decision.recipe) ?? [],
      synced: pass.synced.get(decision.recipe) ?? null,
      now,
    }),
  );
  const { error, view } = found;
  for (const { known } of view.settled.values()) rows.push(rowOfSettled(known, now));
  const { program } = ports;
  const fleet = { disk: diskOf(view), freeze: freezeOf(view) };
  return reportOf(rows, { kind: 'Pass', observedAt: now.toISOString(), program, ...fleet, error });
}

async function syncDueMirrors(pass: Pass, wanted: (name: string) => boolean): Promise<void> {
  const { ports, found, synced, stop } = pass;
  const now = ports.clock.now();
  const due = [...found.decisions.values()].filter(
    (decision) =>
      wanted(decision.recipe) &&
      !synced.has(decision.recipe) &&
      isSyncDue(viewOf(pass, decision.recipe), decision, now),
  );
  const views = due.map(({ recipe }) => viewOf(pass, recipe));
  await syncMirrors(views, { mirror: ports.mirror, outcomes: synced, stop, workFor: ports.background });
  for (const { recipe } of views) await rememberFindings(pass, recipe, instantOf(ports.clock));
}

async function tend(pass: Pass): Promise<void> {
  const { ports, found, synced, stop, tended } = pass;
  const now = ports.clock.now();
  const due = [...found.decisions.values()].filter((decision) =>
    arePullRequestsDue(viewOf(pass, decision.recipe), decision, synced, now),
  );
  const views = due.map(({ recipe }) => viewOf(pass, recipe));
  const reports = await tendPullRequests(views, { mirror: ports.mirror, stop, workFor: ports.background });
  for (const [recipe, report] of reports) {
    tended.set(recipe, report);
    await rememberFindings(pass, recipe, instantOf(ports.clock));
  }
}

/** What drifted; then once more what failed for reasons of ours, and what waited for that. */
async function serveAll(pass: Pass): Promise<void> {
  const { found } = pass;
  await serve(pass, (name) => isServed(name, found), 'as-decided');
  const failed = new Set(
    [...pass.acted].filter(([, { trial }]) => trial?.verdict === 'infra').map(([name]) => name),
  );
  const waits = (name: string): boolean =>
    found.decisions.get(name)?.reason === 'dependency-not-ready' &&
    needsOf(name, found).some((need) => failed.has(need));
  await serve(pass, (name) => failed.has(name), 'once-more');
  await serve(pass, waits, 'as-decided');
}

async function serve(
  pass: Pass,
  wanted: (name: string) => boolean,
  how: 'as-decided' | 'once-more',
): Promise<void> {
  const { manifests, config } = pass.found.fleet;
  const names = inDependencyOrder(manifests).filter(wanted);
  const limit = config.readable ? config.value.concurrency.trials : 1;
  if (names.length === 0) return;
  const unwatch = pass.cancellations.watch();
  try {
    await serveInOrder(
      names,
      (name) => needsOf(name, pass.found),
      limit,
      async (name) => {
        if (!pass.stop.aborted) await reconcile(pass, name, how);
      },
    );
  } finally {
    await unwatch();
  }
}

/** One recipe: look again, decide, run the trial, look again. */
async function reconcile(pass: Pass, name: string, how: 'as-decided' | 'once-more'): Promise<void> {
  const { ports, request, stop } = pass;
  const ignoreHolds = request.retryFailed || how === 'once-more';
  const decision = await lookAgain(pass, name, { ignoreHolds, reserves: true });
  const { manifest, trials } = viewOf(pass, name);
  if (decision.plan === null || manifest === null) return;
  try {
    const earlier = trials.readable ? trials.value : [];
    const trialRequest = {
      manifest,
      plan: decision.plan,
      named: namedTags(viewOf(pass, name)),
      earlier,
      instance: ports.instance,
      program: ports.program,
    };
    const trial = await pass.cancellations.during(name, stop, (signal, onStart) =>
      runTrial(trialRequest, ports, signal, (event) => {
        if (event.type === 'trial-started') onStart(event.trial.id);
        pass.onEvent(event);
      }),
    );
    pass.acted.set(name, { trial });
    pass.reserved.delete(name);
    await lookAgain(pass, name, { trial });
  } catch (error) {
    if (error instanceof Fenced) throw error;
    // Whatever of it was stored is still open.
    ports.leaveToRecovery(`a trial of ${name} could not be recorded`);
    pass.acted.set(name, { trial: null });
    pass.reserved.delete(name);
    await lookAgain(pass, name);
    const now = pass.found.decisions.get(name) ?? decision;
    const message = `the trial could not be recorded: ${describe(error)}; ${now.message}`;
    pass.found.decisions.set(name, { ...now, message });
  }
}

interface LookAgain {
  ignoreHolds?: boolean;
  /** A trial follows where it is decided: its room is reserved at once, before anything else is decided. */
  reserves?: boolean;
  /** That just ended. */
  trial?: TrialRecord;
}

async function lookAgain(
  pass: Pass,
  name: string,
  { ignoreHolds = false, reserves = false, trial }: LookAgain = {},
): Promise<Decision> {
  const { ports, found } = pass;
  const view = { ...viewOf(pass, name), ...(await observeLocally(name, ports.registry, AT_WORK)) };
  found.view.recipes.set(name, view);
  const reservedBytes = [...pass.reserved.values()].reduce((sum, bytes) => sum + bytes, 0);
  found.view.disk = { allocatedBytes: allocated(found.view.recipes, found.view.settled), reservedBytes };
  const context = contextOf(ports, instantOf(ports.clock), () => ignoreHolds);
  const decision = decide(view, found.view, context);
  found.decisions.set(name, decision);
  if (reserves && decision.plan !== null) pass.reserved.set(name, roomFor(view, found.view));
  if (trial !== undefined) await rememberFindings(pass, name, instantOf(ports.clock), trial);
  return decision;
}

/** After requests were obeyed: what was forgotten has no row any more, and the others say what is true now. */
async function lookAtAllAgain(pass: Pass): Promise<void> {
  const { recipes, settled } = pass.found.view;
  const names = [...pass.found.decisions.keys(), ...settled.keys()];
  for (const name of settled.keys()) await awaken(name, pass.found, pass.ports.registry, AT_WORK);
  for (const name of names) {
    await lookAgain(pass, name);
    const { manifest, invalid } = viewOf(pass, name);
    if (manifest !== null || invalid !== null || (await pass.ports.registry.isStored(name))) continue;
    pass.found.decisions.delete(name);
    recipes.delete(name);
  }
}

function viewOf(pass: Pass, name: string): RecipeView {
  const view = pass.found.view.recipes.get(name);
  if (view === undefined) throw new Error(`${name} was decided without having been observed`);
  return view;
}
