/**
 * A pass: one reconcile of every recipe in scope. It looks once, then serves what drifted, dependencies first, a
 * bounded number at a time. Before each trial the recipe's own side is read and decided again, and after it once
 * more: what a row says is what was then found, not what a trial claimed (invariant I3).
 *
 * What failed for reasons that are not the recipe's (`infra`) is tried once more at the end.
 */
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
import type { Decision, Instant, TrialRecord } from './model.ts';
import { obeyRequests, type ObeyPorts } from './obey.ts';
import { allocated, observeLocally } from './observe.ts';
import {
  rememberCanonical,
  rememberDecision,
  rememberHolds,
  rememberTags,
  rememberTrial,
} from './remember.ts';
import { diskOf, reportOf, rowOf, type Acted, type Report } from './report.ts';
import { serveInOrder } from './serve.ts';
import { runTrial } from './trial.ts';
import type { TrialEvent, TrialPorts } from './trial-run.ts';
import type { RecipeView } from './view.ts';

export interface PassPorts extends LookPorts, TrialPorts, ObeyPorts {
  driver: TrialPorts['driver'];
  fleet: TrialPorts['fleet'];
  instance: TrialRecord['instance'];
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
  /** Where the Reconciler document stood. */
  configFile: string | null;
}

interface Pass {
  ports: PassPorts;
  request: PassRequest;
  found: Look;
  acted: Map<string, Acted>;
  /** What there is to say of a recipe that no decision says. */
  notes: Map<string, readonly string[]>;
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
  const found = await look(ports, request.only, request, stop);
  const cancellations = new Cancellations(ports);
  const shared = { ports, request, found, cancellations, onEvent, stop };
  const pass: Pass = { ...shared, acted: new Map(), notes: new Map(), reserved: new Map() };
  const after = new Map([...found.decisions.keys()].map((name) => [name, goesAfter(name, found)]));
  const enrolled = found.fleet.manifests.filter((manifest) => manifest.enrolled).map(({ name }) => name);
  if (found.error === null) {
    for (const name of found.decisions.keys()) await remember(pass, name, found);
    await serveAll(pass);
  }
  if (await obeyRequests(ports)) await lookAtAllAgain(pass);
  const now = ports.clock.now();
  const rows = [...found.decisions.values()].map((decision) =>
    rowOf(decision, viewOf(pass, decision.recipe), {
      after: after.get(decision.recipe) ?? [],
      acted: pass.acted.get(decision.recipe) ?? null,
      notes: pass.notes.get(decision.recipe) ?? [],
      now,
    }),
  );
  const { program } = ports;
  const { error, view } = found;
  const told = { observedAt: now.toISOString(), program, disk: diskOf(view), error };
  const report = reportOf(rows, { kind: 'Pass', ...told });
  return { report, startedAt, enrolled, configFile: found.fleet.configFile };
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
  const view = { ...viewOf(pass, name), ...(await observeLocally(name, ports.registry)) };
  found.view.recipes.set(name, view);
  const reservedBytes = [...pass.reserved.values()].reduce((sum, bytes) => sum + bytes, 0);
  found.view.disk = { allocatedBytes: allocated(found.view.recipes), reservedBytes };
  const context = contextOf(ports, instantOf(ports.clock), () => ignoreHolds);
  const decision = decide(view, found.view, context);
  found.decisions.set(name, decision);
  if (reserves && decision.plan !== null) pass.reserved.set(name, roomFor(view, found.view));
  if (trial !== undefined) await remember(pass, name, instantOf(ports.clock), trial);
  return decision;
}

/** After requests were obeyed: what was forgotten has no row any more, and the others say what is true now. */
async function lookAtAllAgain(pass: Pass): Promise<void> {
  const { recipes } = pass.found.view;
  for (const name of pass.found.decisions.keys()) {
    await lookAgain(pass, name);
    const view = viewOf(pass, name);
    if (
      view.manifest !== null ||
      view.invalid !== null ||
      !view.record.readable ||
      view.record.value !== null
    )
      continue;
    pass.found.decisions.delete(name);
    recipes.delete(name);
  }
}

/** Writes only where there is something new to remember. */
async function remember(pass: Pass, name: string, instant: Instant, trial?: TrialRecord): Promise<void> {
  const { ports, found } = pass;
  const view = viewOf(pass, name);
  const decision = found.decisions.get(name);
  if (decision === undefined || !view.memory.readable || view.manifest?.enrolled !== true) return;
  const before = view.memory.value;
  let memory = view.refs?.readable === true ? rememberTags(before, view.refs.value.tags, instant) : before;
  if (view.record.readable) memory = rememberCanonical(memory, view.record.value);
  if (view.trials.readable) memory = rememberHolds(memory, view.trials.value, instant);
  if (trial !== undefined) memory = rememberTrial(memory, trial);
  memory = rememberDecision(memory, decision, instant.now);
  if (memory === before) return;
  try {
    await ports.memory.remember(name, memory);
    found.view.recipes.set(name, { ...view, memory: { readable: true, value: memory } });
  } catch (error) {
    if (error instanceof Fenced) throw error;
    // It is found out again by the next look; until then the others are served as always.
    const note = `what was seen could not be remembered: ${describe(error)}`;
    pass.notes.set(name, [...(pass.notes.get(name) ?? []), note]);
    found.decisions.set(name, { ...decision, message: `${decision.message}; ${note}` });
  }
}

/** What the local mirror keeps a tag of, though upstream may have withdrawn it. */
function namedTags({ record, generations }: RecipeView): string[] {
  const canonical = record.readable && record.value !== null ? [record.value.version] : [];
  const kept = generations.readable
    ? generations.value.flatMap(({ document }) => document?.version ?? [])
    : [];
  return [...new Set([...canonical, ...kept])];
}

function viewOf(pass: Pass, name: string): RecipeView {
  const view = pass.found.view.recipes.get(name);
  if (view === undefined) throw new Error(`${name} was decided without having been observed`);
  return view;
}
