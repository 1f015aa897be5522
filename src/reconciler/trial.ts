/**
 * A trial: one cold test of one release of one recipe, from sync to verdict.
 *
 * It builds the next generation in a workspace of its own, and promotion only changes which generation the record
 * names; so whatever happens in here, the known-good stays as it was. Every way out goes through `conclude` and
 * `cleanUp`: one place turns what was thrown into a verdict, and one leaves nothing behind (invariant I8). The one
 * exception is a lost lease: then nothing more may be written, and the successor cleans up (invariant I5).
 */
import { describe, Fenced, TrialEnded, TrialFault } from './errors.ts';
import { retryDelay } from './holds.ts';
import type { Manifest, Program, StepName, StepRecord, TrialPlan, TrialRecord } from './model.ts';
import type { Work } from './ports.ts';
import { compactTime, promote } from './promote.ts';
import { checkoutFolder, install, rest, upgrade } from './trial-steps.ts';
import { workOn, type TrialEvent, type TrialPorts, type TrialRun } from './trial-run.ts';

export interface TrialRequest {
  manifest: Manifest;
  plan: TrialPlan;
  /** The recipe's other trials, newest first. */
  earlier: readonly TrialRecord[];
  instance: TrialRecord['instance'];
  program: Program;
}

/** Runs a trial to its end and returns its record as stored. Throws only `Fenced`, or where not even that can be written. */
export async function runTrial(
  request: TrialRequest,
  ports: TrialPorts,
  stop: AbortSignal,
  onEvent: (event: TrialEvent) => void,
): Promise<TrialRecord> {
  const trial = await openTrial(request, ports);
  const deadline = new AbortController();
  const cancel = ports.clock.alarm(request.manifest.timeoutMs, () => deadline.abort(outOfTime(request)));
  const emit: Emit = (type, name) => onEvent({ type, recipe: trial.recipe, trial, step: name });
  emit('trial-started', null);
  try {
    const workspace = await ports.workspace(trial.id);
    const signal = AbortSignal.any([deadline.signal, stop, workspace.lost]);
    const { manifest, plan } = request;
    const run: TrialRun = {
      manifest,
      plan,
      ports,
      trial,
      workspace,
      signal,
      address: null,
      measured: null,
      clones: new Map(),
      provided: new Map(),
      stacks: new Set(),
      addresses: [],
    };
    await attempt(run, emit);
    await cleanUp(run, emit);
  } catch (error) {
    conclude(trial, error, null);
  } finally {
    cancel();
  }
  await closeTrial(trial, request, ports);
  emit('trial-ended', null);
  return trial;
}

/** Durable before anything is made: this also reserves the generation's number. */
async function openTrial(
  { manifest, plan, instance, program }: TrialRequest,
  ports: TrialPorts,
): Promise<TrialRecord> {
  const now = ports.clock.now();
  const generation = (await ports.registry.lastGeneration(manifest.name)) + 1;
  const { base, target, inputs } = plan;
  const trial: TrialRecord = {
    id: `${compactTime(now)}-${manifest.name}-${generation}`,
    recipe: manifest.name,
    version: target.version,
    commit: target.commit,
    base: base === null ? null : { version: base.version, generation: base.generation },
    generation,
    inputs,
    instance,
    program,
    verdict: null,
    reason: null,
    message: null,
    promoted: false,
    retryAfterMs: null,
    startedAt: now.toISOString(),
    endedAt: null,
    uptime: { start: ports.clock.uptime(), end: null },
    steps: [],
  };
  await ports.journal.save(trial);
  return trial;
}

/** The steps in their order, up to the first that fails. */
async function attempt(run: TrialRun, emit: Emit): Promise<void> {
  const { manifest, plan, ports } = run;
  try {
    await step(run, 'sync', run.signal, emit, (work) =>
      ports.mirror.sync(manifest, workOn(run, 'git', work)),
    );
    await step(run, 'checkout', run.signal, emit, (work) =>
      ports.mirror.checkout(manifest.name, plan.target.commit, checkoutFolder(run), workOn(run, 'git', work)),
    );
    await step(run, 'install', run.signal, emit, (work) => install(run, work));
    if (plan.base !== null) await step(run, 'upgrade', run.signal, emit, (work) => upgrade(run, work));
    await step(run, 'rest', run.signal, emit, (work) => rest(run, work));
    await step(run, 'promote', run.signal, emit, (work) => promote(run, work));
  } catch (error) {
    conclude(run.trial, error, run.signal);
  }
}

type Emit = (type: TrialEvent['type'], step: StepName | null) => void;

async function step(
  run: TrialRun,
  name: StepName,
  signal: AbortSignal,
  emit: Emit,
  body: (work: Work) => Promise<void>,
): Promise<void> {
  signal.throwIfAborted();
  const { clock, journal } = run.ports;
  const startedAt = clock.now().toISOString();
  const record: StepRecord = { name, startedAt, endedAt: null, ok: null, message: null, log: `${name}.log` };
  run.trial.steps.push(record);
  await journal.save(run.trial);
  emit('step-started', name);
  const log = journal.log(run.trial, name);
  try {
    await body({ signal, log, mark: run.workspace.mark });
    record.ok = true;
  } catch (error) {
    const cause = signal.aborted ? signal.reason : error;
    record.ok = false;
    record.message = log.cleaned(describe(cause));
    log.note(`failed: ${describe(cause)}`);
    throw error;
  } finally {
    record.endedAt = clock.now().toISOString();
    await log.close();
    emit('step-ended', name);
  }
}

/** One place turns what was thrown into a verdict. A signal's reason goes before whatever it made to fail. */
function conclude(trial: TrialRecord, thrown: unknown, signal: AbortSignal | null): void {
  const error = signal?.aborted === true ? signal.reason : thrown;
  if (error instanceof Fenced) throw error;
  const known = error instanceof TrialFault || error instanceof TrialEnded;
  trial.verdict = known ? error.verdict : 'infra';
  trial.reason = known ? error.reason : 'unexpected';
  const hint = error instanceof TrialFault && error.hint !== null ? `\n${error.hint}` : '';
  const failed = trial.steps.find(({ ok }) => ok === false);
  trial.message = `${failed?.message ?? describe(error)}${hint}`;
}

/**
 * Takes everything down and away, however the trial ended. A failure here is no verdict on the release: it is the
 * step's own, and what is left is found again at the next start.
 */
async function cleanUp(run: TrialRun, emit: Emit): Promise<void> {
  const { driver, promotion, registry } = run.ports;
  try {
    await step(run, 'tidy', run.workspace.lost, emit, async (work) => {
      const apps = workOn(run, 'apps', work);
      await Promise.all([...run.stacks].map((stack) => driver.undeploy(stack, apps)));
      await driver.reap(run.workspace.mark, run.workspace.folder);
      for (const address of run.addresses) await address.release();
      await run.workspace.discard();
      const record = await registry.record(run.trial.recipe);
      if (!record.readable) work.log.note(`kept generations are left as they are: ${record.why}`);
      else await promotion.tidy(run.trial.recipe, record.value, work);
    });
  } catch (error) {
    if (run.workspace.lost.aborted || error instanceof Fenced) throw new Fenced(describe(error));
  }
}

/** A green verdict is only said of what was promoted; everything else has its own by now. */
async function closeTrial(trial: TrialRecord, request: TrialRequest, ports: TrialPorts): Promise<void> {
  const { clock, journal } = ports;
  const verdict = trial.verdict ?? 'infra';
  const same = request.earlier.filter(({ inputs }) => inputs === trial.inputs);
  trial.verdict = verdict;
  if (verdict === 'green') trial.message = `${trial.version} is the canonical`;
  trial.retryAfterMs = retryDelay(verdict, same, request.manifest.retry, clock.random());
  trial.endedAt = clock.now().toISOString();
  if (trial.uptime !== null) trial.uptime.end = clock.uptime();
  await journal.save(trial);
}

function outOfTime({ manifest, plan }: TrialRequest): TrialFault {
  const message = `the trial of ${manifest.name} ${plan.target.version} did not end within its timeout of ${manifest.timeoutMs} ms`;
  return new TrialFault('timeout', 'trial-timeout', message, { hint: 'see spec.timeout of its manifest' });
}
