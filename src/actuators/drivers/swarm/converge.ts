/** Waits until a stack has truly converged and answers, and says what is wrong with which service where it does not. */
import { setTimeout as sleep } from 'node:timers/promises';
import { keepEnd } from '../../../cut.ts';
import { TrialFault } from '../../../reconciler/errors.ts';
import type { Health } from '../../../reconciler/model.ts';
import type { Answer } from '../probe.ts';
import { judgeStack, type Judgement, type Trouble } from './convergence.ts';
import type { Call, Engine } from './engine.ts';
import { readStack, type StackFacts } from './facts.ts';

export interface Patient {
  engine: Engine;
  /** On the Swarm. */
  stack: string;
  /** `recipe version`, for messages. */
  title: string;
  health: Health;
  deadline: { ms: number; from: string };
  call: Call & { signal: AbortSignal };
  /** Asks the app, at every layer that is judged. */
  ask: (timeoutMs: number) => Promise<Diagnosis>;
}

/** An answer, and where at fault, what that says of whom. */
export interface Diagnosis {
  answer: Answer;
  /** Where it was asked, in words. */
  at: string;
  /** What a wrong or a missing answer there is. */
  blame: { wrong: Blame; none: Blame };
}

interface Blame {
  verdict: 'red' | 'timeout' | 'infra';
  reason: string;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;
const PROBE_TIMEOUT_MS = 5000;
/** Also right before the deadline: in less time nobody can be said not to have answered. */
const LEAST_PATIENCE_MS = 2000;
const TAIL_LINES = 20;
const LONGEST_LINE = 2000;
const UNKNOWN = /no such task or service/i;

/** Everything that was seen of it up to now that may have to be told at the deadline. */
interface Seen {
  judgement: Judgement;
  diagnosis: Diagnosis | null;
  /** The last wrong answer, unless it was healthy since. */
  wrong: Diagnosis | null;
  wasHealthy: boolean;
  /** A task that ended, unless that was before it was healthy: the next one runs for a moment, and that may be the last look. */
  ended: Trouble | null;
}

const nothingYet = (): Seen => ({
  judgement: { kind: 'converged' },
  diagnosis: null,
  wrong: null,
  wasHealthy: false,
  ended: null,
});

/** Without a break for as long as the manifest asks, and at least as long as the engine itself watches an update. */
export async function awaitConverged(patient: Patient): Promise<StackFacts> {
  const { health, deadline, call } = patient;
  const end = performance.now() + deadline.ms;
  let healthySince: number | null = null;
  const seen = nothingYet();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const facts = await look(patient, seen, Math.max(end - performance.now(), LEAST_PATIENCE_MS));
    const now = performance.now();
    const isHealthy = seen.judgement.kind === 'converged' && seen.diagnosis?.answer.kind === 'right';
    healthySince = isHealthy ? (healthySince ?? now) : null;
    const watched = Math.max(health.stableForMs, ...facts.services.map(({ monitorMs }) => monitorMs));
    if (healthySince !== null && now - healthySince >= watched) return facts;
    if (now >= end) throw await tooLate(patient, seen, watched);
    await sleep(Math.max(1, Math.min(pause, end - now)), undefined, { signal: call.signal });
  }
}

/** Throws unless it is converged and answers, now. */
export async function assertConverged(patient: Patient): Promise<void> {
  const seen = nothingYet();
  await look(patient, seen, PROBE_TIMEOUT_MS);
  const { judgement, diagnosis } = seen;
  const answer = diagnosis?.answer;
  if (judgement.kind === 'converged' && answer?.kind === 'right') return;
  const why = judgement.kind === 'waiting' ? judgement.why : answerOf(diagnosis);
  const message = `${patient.title} was healthy and is no longer: ${why}`;
  throw new TrialFault('red', 'no-longer-healthy', message);
}

async function look(patient: Patient, seen: Seen, leftMs: number): Promise<StackFacts> {
  const { engine, stack, call } = patient;
  const facts = await readStack(engine, stack, call);
  seen.judgement = judgeStack(facts);
  if (seen.judgement.kind === 'failed') throw await faultOf(patient, seen.judgement.trouble);
  if (seen.judgement.kind === 'waiting') {
    const { suspect } = seen.judgement;
    if (suspect !== null && suspect.task !== null) seen.ended = suspect;
    return facts;
  }
  const diagnosis = await patient.ask(Math.min(PROBE_TIMEOUT_MS, leftMs));
  call.signal.throwIfAborted();
  seen.diagnosis = diagnosis;
  const { kind } = diagnosis.answer;
  // What goes wrong while it starts is forgiven once it is healthy; what comes after is not.
  if (kind === 'wrong') seen.wrong = diagnosis;
  if (kind === 'right' && !seen.wasHealthy) [seen.wasHealthy, seen.wrong, seen.ended] = [true, null, null];
  return facts;
}

/** Worse than silence is a wrong answer, and worse than both is a task that ended. */
async function tooLate(patient: Patient, seen: Seen, watchedMs: number): Promise<TrialFault> {
  const { title, deadline } = patient;
  const { judgement, diagnosis, wrong } = seen;
  const suspect = judgement.kind === 'waiting' ? (judgement.suspect ?? seen.ended) : seen.ended;
  if (suspect !== null) return await faultOf(patient, suspect);
  const within = `within ${deadline.ms / 1000} s (${deadline.from})`;
  if (wrong !== null) {
    const { verdict, reason } = wrong.blame.wrong;
    const message = `${title} did not become and stay healthy ${within}: ${answerOf(wrong)}`;
    return new TrialFault(verdict, reason, message + (await said(patient, null)));
  }
  if (judgement.kind === 'waiting') {
    const message = `${title} did not converge ${within}: ${judgement.why}`;
    return new TrialFault('timeout', 'health-timeout', message + (await said(patient, null)));
  }
  if (diagnosis?.answer.kind === 'none') {
    const { verdict, reason } = diagnosis.blame.none;
    const message = `${title} did not answer ${within}: ${answerOf(diagnosis)}`;
    return new TrialFault(verdict, reason, message + (await said(patient, null)));
  }
  const message = `${title} was not healthy for ${watchedMs / 1000} s without a break ${within}: it is only since a moment ago`;
  return new TrialFault('timeout', 'health-timeout', message);
}

async function faultOf(patient: Patient, trouble: Trouble): Promise<TrialFault> {
  const { verdict, reason, service, why } = trouble;
  const message = `${patient.title}: service ${service}: ${why}`;
  return new TrialFault(verdict, reason, message + (await said(patient, trouble)));
}

function answerOf(diagnosis: Diagnosis | null): string {
  if (diagnosis === null || diagnosis.answer.kind === 'right') return 'it was not asked';
  return `${diagnosis.at} ${diagnosis.answer.why}`;
}

/**
 * The last lines of the task that ended, or of every service where it was none. A task that the engine has forgotten
 * since is spoken for by its service. Not having them is the lesser evil.
 */
async function said(patient: Patient, trouble: Trouble | null): Promise<string> {
  const { engine, stack, call } = patient;
  const ofTask = trouble?.task == null ? null : await linesOf(patient, trouble.task);
  const lines = ofTask ?? [];
  if (ofTask === null) {
    const { services } = await readStack(engine, stack, call).catch(() => ({ services: [] }));
    const speakers = services.filter(({ name }) => trouble === null || name === trouble.service);
    for (const { id } of speakers) lines.push(...((await linesOf(patient, id)) ?? []));
  }
  const last = lines.slice(-TAIL_LINES).map((line) => keepEnd(line, LONGEST_LINE));
  return last.length === 0 ? '; it said nothing' : `\nthe last that it said:\n${last.join('\n')}`;
}

/** Null where the engine does not know the task or service: what it says then is not the app's word. */
async function linesOf({ engine, call }: Patient, speaker: string): Promise<string[] | null> {
  const args = ['service', 'logs', '--raw', '--tail', String(TAIL_LINES), speaker];
  const told = await engine.run(args, { ...call, timeoutMs: PROBE_TIMEOUT_MS }).catch(() => null);
  if (told === null || (told.exitCode !== 0 && UNKNOWN.test(told.stderr))) return null;
  return `${told.stdout}\n${told.stderr}`.split('\n').filter((line) => line.trim() !== '');
}
