/**
 * Waits until an app is healthy, and says what is wrong where it does not become so. An answer counts only if the
 * app's own process gave it; a command that ended counts as ended unless something of it lives on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TrialFault } from '../../../reconciler/errors.ts';
import type { Health } from '../../../reconciler/model.ts';
import { probe, type Answer } from '../probe.ts';
import type { App } from './app.ts';
import { listenersOf } from './listeners.ts';

export interface Patient {
  app: App;
  /** `recipe version`, for messages. */
  title: string;
  health: Health;
  port: number;
  signal: AbortSignal;
}

const FIRST_PAUSE_MS = 15;
const LONGEST_PAUSE_MS = 250;
const PROBE_TIMEOUT_MS = 5000;

/** Healthy without a break for as long as `stableFor` says. */
export async function awaitHealthy(patient: Patient): Promise<void> {
  const { app, health, signal } = patient;
  const deadline = performance.now() + health.timeoutMs;
  let healthySince: number | null = null;
  let wrong: string | null = null;
  let wasHealthy = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const patience = Math.min(PROBE_TIMEOUT_MS, Math.max(deadline - performance.now(), FIRST_PAUSE_MS));
    const answer = await look(patient, patience);
    const now = performance.now();
    healthySince = answer.kind === 'right' ? (healthySince ?? now) : null;
    const stableIn = healthySince === null ? pause : healthySince + health.stableForMs - now;
    if (stableIn <= 0) return;
    if (answer.kind === 'wrong') wrong = answer.why;
    // Wrong answers while it starts are forgiven once it is healthy; those that come after are not.
    if (answer.kind === 'right' && !wasHealthy) [wasHealthy, wrong] = [true, null];
    if (now >= deadline) throw await tooLate(patient, answer, wrong);
    const rest = Math.max(1, Math.min(pause, stableIn, deadline - now));
    await sleep(rest, undefined, { signal: orItsEnd(app, signal) }).catch(() => undefined);
  }
}

/** Throws unless the app still runs and answers, now. */
export async function assertHealthy(patient: Patient): Promise<void> {
  const answer = await look(patient, PROBE_TIMEOUT_MS);
  if (answer.kind === 'right') return;
  const message = `${patient.title} was healthy and is no longer: ${answer.why}`;
  throw new TrialFault('red', 'no-longer-healthy', message + (await said(patient.app)));
}

async function look(patient: Patient, timeoutMs: number): Promise<Answer> {
  const { app, health, port, signal } = patient;
  await assertRuns(patient);
  const answer = await probe({ host: '127.0.0.1', port }, health, timeoutMs, orItsEnd(app, signal));
  signal.throwIfAborted();
  await assertRuns(patient);
  // One look at its processes for each question: what is seen now is known again should it cut its ties.
  const processes = app.processes();
  if (answer.kind === 'none') return answer;
  const mine = listenersOf(processes);
  if (mine.own.includes(port) && !mine.foreign.has(port)) return answer;
  // Looked at twice: a process may have been born between the two halves of the first look.
  await assertNotTaken(patient);
  if (listenersOf(app.processes()).own.includes(port)) return answer;
  return { kind: 'none', why: 'the app stopped listening while it was asked', code: null };
}

/** Nothing is awaited of a command that has just ended; what it leaves behind is asked anew. */
function orItsEnd({ ending, endSignal }: App, signal: AbortSignal): AbortSignal {
  return ending === null ? AbortSignal.any([signal, endSignal]) : signal;
}

async function assertRuns(patient: Patient): Promise<void> {
  const { app, title } = patient;
  const { ending } = app;
  if (ending === null || (ending.exitCode === 0 && app.processes().length > 0)) return;
  // An app that finds its port taken ends, and is not to blame.
  await assertNotTaken(patient);
  const how = ending.signal === null ? `exit code ${ending.exitCode}` : `signal ${ending.signal}`;
  throw new TrialFault('red', 'app-exited', `${title} ended with ${how}${await said(app)}`);
}

async function assertNotTaken({ app, title, port }: Patient): Promise<void> {
  if (!listenersOf(app.processes()).foreign.has(port)) return;
  const message = `port ${port} was taken by another program before ${title} could listen on it`;
  throw new TrialFault('infra', 'port-taken', message + (await said(app)));
}

/** Worse than silence is a wrong answer: then the app is at fault and not only late. */
async function tooLate(patient: Patient, answer: Answer, wrong: string | null): Promise<TrialFault> {
  const { app, title, health, port } = patient;
  await assertNotTaken(patient);
  const within = `within ${health.timeoutMs / 1000} s (health.timeout)`;
  const url = `http://127.0.0.1:${port}${health.path}`;
  const words = await said(app);
  if (answer.kind === 'right' && wrong === null) {
    const stable = `healthy for ${health.stableForMs / 1000} s without a break (health.stableFor)`;
    const message = `${title} was not ${stable} ${within}: ${url} answers well only since a moment ago${words}`;
    return new TrialFault('timeout', 'health-timeout', message);
  }
  if (wrong !== null) {
    const message = `${title} did not become and stay healthy ${within}: ${url} ${wrong}${words}`;
    return new TrialFault('red', 'wrong-answer', message);
  }
  const why = answer.kind === 'none' ? answer.why : '';
  const { own } = listenersOf(app.processes());
  const elsewhere = own.length === 0 || own.includes(port) ? '' : elsewhereOf(own, port);
  const message = `${title} did not answer at ${url} ${within}: ${why}${elsewhere}${words}`;
  return new TrialFault('timeout', 'health-timeout', message);
}

function elsewhereOf(own: readonly number[], port: number): string {
  return `; it listens on port ${own.join(', ')}, expected $PORT = ${port}`;
}

async function said(app: App): Promise<string> {
  const words = await app.lastWords();
  return words === '' ? '; it said nothing' : `\nthe last that it said:\n${words}`;
}
