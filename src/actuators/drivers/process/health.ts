/**
 * Waits until an app is healthy, and says what is wrong where it does not become so. An answer counts only if the
 * app's own process gave it; a command that ended counts as ended unless something of it lives on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TrialFault } from '../../../reconciler/errors.ts';
import type { Health } from '../../../reconciler/model.ts';
import type { App } from './app.ts';
import { listenersOf } from './listeners.ts';
import { probe, type Answer } from './probe.ts';

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
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const patience = Math.min(PROBE_TIMEOUT_MS, Math.max(deadline - performance.now(), FIRST_PAUSE_MS));
    const answer = await look(patient, patience);
    if (answer.kind === 'right') {
      healthySince ??= performance.now();
      const left = health.stableForMs - (performance.now() - healthySince);
      if (left <= 0) return;
      pause = Math.min(pause, Math.max(1, left));
    } else {
      healthySince = null;
      if (performance.now() >= deadline) throw tooLate(patient, answer);
    }
    const rest = sleep(pause, undefined, { signal }).catch(() => undefined);
    await (app.ending === null ? Promise.race([rest, app.ended]) : rest);
  }
}

/** Throws unless the app still runs and answers, now. */
export async function assertHealthy(patient: Patient): Promise<void> {
  const answer = await look(patient, PROBE_TIMEOUT_MS);
  if (answer.kind === 'right') return;
  const message = `${patient.title} was healthy and is no longer: ${answer.why}${said(patient.app)}`;
  throw new TrialFault('red', 'no-longer-healthy', message);
}

async function look(patient: Patient, timeoutMs: number): Promise<Answer> {
  const { app, health, port, signal } = patient;
  assertRuns(patient);
  const answer = await probe(port, health, timeoutMs, signal);
  signal.throwIfAborted();
  const processes = assertRuns(patient);
  if (answer.kind === 'none') return answer;
  const { own, foreign } = listenersOf(processes);
  if (own.includes(port)) return answer;
  if (!foreign.has(port)) return { kind: 'none', why: 'the app stopped listening while it was asked' };
  const message = `port ${port} was taken by another program before ${patient.title} could listen on it${said(app)}`;
  throw new TrialFault('infra', 'port-taken', message);
}

function assertRuns({ app, title }: Patient) {
  const processes = app.processes();
  const { ending } = app;
  if (ending === null || (ending.exitCode === 0 && processes.length > 0)) return processes;
  const how = ending.signal === null ? `exit code ${ending.exitCode}` : `signal ${ending.signal}`;
  throw new TrialFault('red', 'app-exited', `${title} ended with ${how}${said(app)}`);
}

/** Worse than silence is a wrong answer: then the app is at fault and not only late. */
function tooLate(
  { app, title, health, port }: Patient,
  answer: Exclude<Answer, { kind: 'right' }>,
): TrialFault {
  const within = `within ${health.timeoutMs / 1000} s (health.timeout)`;
  const url = `http://127.0.0.1:${port}${health.path}`;
  if (answer.kind === 'wrong') {
    return new TrialFault(
      'red',
      'wrong-answer',
      `${title} did not become healthy ${within}: ${url} ${answer.why}${said(app)}`,
    );
  }
  const { own } = listenersOf(app.processes());
  const where =
    own.length === 0 || own.includes(port)
      ? ''
      : `; it listens on port ${own.join(', ')}, expected $PORT, which is ${port}`;
  const message = `${title} did not answer at ${url} ${within}: ${answer.why}${where}${said(app)}`;
  return new TrialFault('timeout', 'health-timeout', message);
}

function said(app: App): string {
  return app.lastWords === '' ? '; it said nothing' : `\nthe last that it said:\n${app.lastWords}`;
}
