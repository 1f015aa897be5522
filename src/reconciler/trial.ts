/**
 * A trial: one cold test of one release of one recipe, from sync to verdict.
 *
 * It builds the next generation in a workspace of its own, and promotion only changes which generation the record
 * names; so whatever happens in here, the known-good stays as it was. Every way out goes through `conclude` and
 * `cleanUp`: one place turns what was thrown into a verdict, and one leaves nothing behind (invariant I8). The one
 * exception is a lost lease: then nothing more may be written, and the successor cleans up (invariant I5).
 */
import { compactTime } from './compact-time.ts';
import { describe, Fenced, LOG_NOT_WRITTEN, TrialEnded, TrialFault } from './errors.ts';
import { retryDelay } from './holds.ts';
import type { Manifest, Program, StepName, StepRecord, TrialPlan, TrialRecord } from './model.ts';
import type { Room, Work } from './ports.ts';
import { promote, recordNames } from './promote.ts';
import { takeDown } from './take-down.ts';
import { checkoutFolder, install, rest, upgrade } from './trial-steps.ts';
import { ours, workOn, type TrialEvent, type TrialPorts, type TrialRun } from './trial-run.ts';

export interface TrialRequest {
  manifest: Manifest;
  plan: TrialPlan;
  /** Release tags that the record stands on. */
  named: readonly string[];
  /** The recipe's other trials, newest first. */
  earlier: readonly TrialRecord[];
  instance: TrialRecord['instance'];
  program: Program;
}

/** How long taking everything down may take at the end, whatever ended the trial. */
const TIDY_TIMEOUT_MS = 600_000;

/** With less than this left, whatever a release could not do says nothing about it. */
const FULL_BELOW_BYTES = 1024 * 1024;

/** Runs a trial to its end and returns its record as stored. Throws only `Fenced`, or where not even that can be written. */
export async function runTrial(
  request: TrialRequest,
  ports: TrialPorts,
  stop: AbortSignal,
  onEvent: (event: TrialEvent) => void,
): Promise<TrialRecord> {
  const trial = await openTrial(request, ports);
  const emit: Emit = (type, name) => onEvent({ type, recipe: trial.recipe, trial, step: name });
  emit('trial-started', null);
  try {
    const workspace = await ports.workspace(trial.id);
    const deadline = new AbortController();
    const signal = AbortSignal.any([deadline.signal, stop, workspace.lost]);
    const run = newRun(request, ports, { trial, workspace, signal });
    const cancel = ports.clock.alarm(run.manifest.timeoutMs, () => deadline.abort(outOfTime(run)));
    try {
      await attempt(run, emit);
    } finally {
      cancel();
    }
    await cleanUp(run, emit);
  } catch (error) {
    conclude(trial, error);
  }
  await closeTrial(trial, request, ports);
  emit('trial-ended', null);
  return trial;
}

function newRun(
  { manifest, plan, named }: TrialRequest,
  ports: TrialPorts,
  parts: Pick<TrialRun, 'trial' | 'workspace' | 'signal'>,
): TrialRun {
  return {
    manifest,
    plan,
    named,
    ports,
    ...parts,
    busyWith: null,
    address: null,
    measured: null,
    clones: new Map(),
    provided: new Map(),
    stacks: new Set(),
    addresses: [],
  };
}

/** Durable before anything is made: this also reserves the generation's number. */
async function openTrial(
  { manifest, plan, instance, program }: TrialRequest,
  ports: TrialPorts,
): Promise<TrialRecord> {
  const now = ports.clock.now();
  const generation = (await ports.registry.lastGeneration(manifest.name)) + 1;
  const { base, target, inputs } = plan;
  const unjudged = ports.driver.unjudged();
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
    images: [],
    notes: unjudged === null ? [] : [unjudged],
  };
  await ports.journal.open(trial);
  return trial;
}

/** The steps in their order, up to the first that fails. */
async function attempt(run: TrialRun, emit: Emit): Promise<void> {
  const { manifest, plan, ports } = run;
  const { mirror } = ports;
  try {
    await step(run, 'sync', run.signal, emit, async (work) => {
      await ours(run, 'syncing the mirror', () =>
        mirror.sync({ manifest, named: run.named }, workOn(run, 'git', work)),
      );
    });
    await step(run, 'checkout', run.signal, emit, (work) =>
      ours(run, 'checking out the release', () =>
        mirror.checkout(manifest.name, plan.target.commit, checkoutFolder(run), workOn(run, 'git', work)),
      ),
    );
    await step(run, 'install', run.signal, emit, (work) => install(run, work));
    if (plan.base !== null) await step(run, 'upgrade', run.signal, emit, (work) => upgrade(run, work));
    await step(run, 'rest', run.signal, emit, (work) => rest(run, work));
    await step(run, 'promote', run.signal, emit, (work) => ours(run, 'promoting', () => promote(run, work)));
  } catch (error) {
    conclude(run.trial, error);
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
  const log = journal.log(run.trial, name);
  try {
    await begin(run, name, log);
    emit('step-started', name);
    await body({ signal, log, mark: run.workspace.mark });
    await log.close();
    record.ok = true;
  } catch (error) {
    // What ended the step goes before whatever it made to fail.
    const cause = await unlessDiskIsFull(run, signal.aborted ? signal.reason : error);
    record.ok = false;
    record.message = log.cleaned(describe(cause));
    log.note(`failed: ${describe(cause)}`);
    // That its log is not whole is the lesser evil by now.
    await log.close().catch((also: unknown) => (record.message += `\n${describe(also)}`));
    throw cause;
  } finally {
    record.endedAt = clock.now().toISOString();
    emit('step-ended', name);
  }
}

/** No step begins that is not on record, but one: everything is taken down whether that can be recorded or not. */
async function begin(run: TrialRun, name: StepName, log: Work['log']): Promise<void> {
  try {
    await run.ports.journal.save(run.trial);
  } catch (error) {
    if (error instanceof Fenced) throw error;
    const message = `could not store that step ${name} of trial ${run.trial.id} begins: ${describe(error)}`;
    if (name !== 'tidy') throw new TrialFault('infra', 'trial-not-stored', message, { cause: error });
    log.note(message);
  }
}

/** One place turns what was thrown into a verdict. */
function conclude(trial: TrialRecord, error: unknown): void {
  if (error instanceof Fenced) throw error;
  const known = error instanceof TrialFault || error instanceof TrialEnded;
  trial.verdict = known ? error.verdict : 'infra';
  trial.reason = known ? error.reason : 'unexpected';
  const hint = error instanceof TrialFault && error.hint !== null ? `\n${error.hint}` : '';
  const failed = trial.steps.find(({ ok }) => ok === false);
  trial.message = `${failed?.message ?? describe(error)}${hint}`;
}

/** What a release could not do on a full disk is no fault of it, and is tried again once there is room. */
async function unlessDiskIsFull(run: TrialRun, error: unknown): Promise<unknown> {
  if (!(error instanceof TrialFault) || error.verdict === 'infra') return error;
  // Where even that cannot be told, the release's own error is the best that is known.
  const room = await run.workspace.room().catch(() => null);
  if (room === null || !isFull(room)) return error;
  const left = `${room.freeBytes} bytes and ${room.freeFiles ?? 'any number of'} files more`;
  const message = `the disk of ${run.workspace.folder} is full (it takes ${left}): ${describe(error)}`;
  const hint = 'make room; spec.diskBudget of the Reconciler document holds trials back in time';
  return new TrialFault('infra', 'disk-full', message, { cause: error, hint });
}

function isFull({ freeBytes, freeFiles }: Room): boolean {
  return freeBytes < FULL_BELOW_BYTES || freeFiles === 0;
}

/**
 * Takes everything down and away, however the trial ended. A failure here is no verdict on the release: it is the
 * step's own, and what is left is cleaned up by the next start.
 */
async function cleanUp(run: TrialRun, emit: Emit): Promise<void> {
  const late = new AbortController();
  const cancel = run.ports.clock.alarm(TIDY_TIMEOUT_MS, () => late.abort(tooLateToTidy()));
  const signal = AbortSignal.any([run.workspace.lost, late.signal]);
  try {
    await step(run, 'tidy', signal, emit, (work) => takeDown(run, work));
  } catch (error) {
    if (run.workspace.lost.aborted || error instanceof Fenced) throw new Fenced(describe(error));
    const isOnlyItsLog = error instanceof TrialFault && error.reason === LOG_NOT_WRITTEN;
    if (!isOnlyItsLog) run.ports.leaveToRecovery(describe(error));
  } finally {
    cancel();
  }
}

/** A green verdict is only said of what was promoted; everything else has its own by now. */
async function closeTrial(trial: TrialRecord, request: TrialRequest, ports: TrialPorts): Promise<void> {
  const { clock, journal } = ports;
  const promoted = await wasPromoted(trial, ports);
  if (promoted === true) Object.assign(trial, { promoted, verdict: 'green', reason: null });
  const verdict = trial.verdict ?? 'infra';
  const same = request.earlier.filter(({ inputs }) => inputs === trial.inputs);
  trial.verdict = verdict;
  if (verdict === 'green') trial.message = `${trial.version} is the canonical`;
  trial.retryAfterMs = retryDelay(verdict, same, request.manifest.retry, clock.random());
  trial.endedAt = clock.now().toISOString();
  if (trial.uptime !== null) trial.uptime.end = clock.uptime();
  // While the record cannot be read the trial stays open: recovery closes it by what the record then says.
  if (promoted === null) ports.leaveToRecovery(`cannot tell whether trial ${trial.id} was promoted`);
  else await journal.save(trial);
}

/** A promotion that failed may have written the record all the same. Null where that cannot be told. */
async function wasPromoted(trial: TrialRecord, ports: TrialPorts): Promise<boolean | null> {
  const mayBe = !trial.promoted && trial.steps.some(({ name }) => name === 'promote');
  return mayBe ? await recordNames(trial, ports) : trial.promoted;
}

function tooLateToTidy(): TrialFault {
  const message = `not everything could be taken down within ${TIDY_TIMEOUT_MS / 1000} s`;
  return new TrialFault('infra', 'tidy-timeout', message);
}

/** By cause: time that was spent waiting for ourselves was not the release's to spend. */
function outOfTime({ manifest, plan, busyWith }: TrialRun): TrialFault {
  const message = `the trial of ${manifest.name} ${plan.target.version} did not end within its timeout of ${manifest.timeoutMs} ms`;
  const hint = 'see spec.timeout of its manifest';
  return busyWith === null
    ? new TrialFault('timeout', 'trial-timeout', message, { hint })
    : new TrialFault('infra', 'trial-timeout', `${message}: it was still ${busyWith}`, { hint });
}
