/** How git is run for mirrors: only while the lease is held, and so that a fault says which side failed. */
import { askGit, type GitAnswer, type GitOptions } from '../../git.ts';
import { TrialFault } from '../../reconciler/errors.ts';
import type { Login } from '../../reconciler/model.ts';
import type { Work } from '../../reconciler/ports.ts';
import type { Layout } from '../../state/layout.ts';
import type { Term } from '../../state/term.ts';

export interface MirrorOptions {
  layout: Layout;
  term: Term;
  /** Deadline of one transfer. */
  timeoutMs: number;
  /** Waits where a forge asks for a pause; the default is a timer. */
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface MirrorCall extends GitOptions {
  cwd: string;
  term: Term;
}

/** A repository elsewhere that is asked. */
export interface Remote {
  side: 'upstream' | 'mirror';
  url: string;
  login: Login | null;
}

/** Faults that say no more than that git failed: of which side they are is what matters. */
const OF_ONE_SIDE = ['git-failed', 'git-timeout', 'git-answer-too-long', 'listing-refused', 'no-token'];

export function callOptions({ term, timeoutMs }: MirrorOptions, work: Work, cwd: string): MirrorCall {
  return { cwd, timeoutMs, mark: work.mark, lifelines: term.lifelines, signal: work.signal, term };
}

/** No rename guards what git writes: so each git is started only while the lease is held (invariant I5). */
export async function mirrorGit(what: string, args: readonly string[], call: MirrorCall): Promise<string> {
  return (await askMirrorGit(what, args, call, [0])).stdout;
}

export async function askMirrorGit(
  what: string,
  args: readonly string[],
  call: MirrorCall,
  answers: readonly number[],
): Promise<GitAnswer> {
  await call.term.assertHeld();
  return await askGit(what, args, call, answers);
}

/** Every git that reaches elsewhere is started here. */
export async function remoteGit(
  remote: Remote,
  what: string,
  args: readonly string[],
  call: MirrorCall,
  answers: readonly number[] = [0],
): Promise<GitAnswer> {
  const { url, login } = remote;
  return await onSide(remote, async () => {
    const access = { url, login };
    return await askMirrorGit(what, args, { ...call, access }, answers).catch((error: unknown) => {
      throw error instanceof TrialFault && error.reason === 'no-token' ? withoutToken(what, error) : error;
    });
  });
}

/** A fault in here is one of that side: `upstream-sync-failed` or `mirror-sync-failed`. */
export async function onSide<T>({ side }: Remote, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TrialFault) || !OF_ONE_SIDE.includes(error.reason)) throw error;
    throw inReason(`${side}-sync-failed`, error.message, error);
  }
}

function withoutToken(what: string, fault: TrialFault): TrialFault {
  return inReason(fault.reason, `could not ${what}: ${fault.message}`, fault);
}

function inReason(reason: string, message: string, cause: TrialFault): TrialFault {
  return new TrialFault('infra', reason, message, {
    cause,
    ...(cause.hint === null ? {} : { hint: cause.hint }),
  });
}

export function inWords({ side, url }: Remote): string {
  return side === 'upstream' ? `upstream ${url}` : `the mirror ${url}`;
}

export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
