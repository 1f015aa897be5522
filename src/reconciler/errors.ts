/**
 * Errors named by what the loop does next, not by what broke.
 *
 * The first line of every message stands alone: what was attempted, on what, why it failed. `hint` is what to do
 * about it, a command where there is one.
 */

interface FaultOptions {
  hint?: string;
  cause?: unknown;
}

/**
 * A trial found something out, or could not. `red` and `timeout` are the recipe's own doing and hold the release
 * until an input changes; `infra` is ours and is retried soon (design: verdicts by cause).
 */
export class TrialFault extends Error {
  override readonly name = 'TrialFault';
  readonly verdict: 'red' | 'timeout' | 'infra';
  /** A stable word for machines, such as `app-exited`; the message is for people. */
  readonly reason: string;
  readonly hint: string | null;

  constructor(
    verdict: 'red' | 'timeout' | 'infra',
    reason: string,
    message: string,
    options: FaultOptions = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.verdict = verdict;
    this.reason = reason;
    this.hint = options.hint ?? null;
  }
}

/** The reason of a checkout whose tag names a tree or a blob: there is no release behind it, and never will be. */
export const NOT_A_COMMIT = 'not-a-commit';

/** The reason of a step whose log lacks something: all else of it went well. */
export const LOG_NOT_WRITTEN = 'log-not-written';

/** A trial was ended by us: by a newer wish (`superseded`) or by a stop (`interrupted`). Retried at once. */
export class TrialEnded extends Error {
  override readonly name = 'TrialEnded';
  readonly verdict: 'superseded' | 'interrupted';
  readonly reason: string;

  constructor(verdict: 'superseded' | 'interrupted', reason: string, message: string) {
    super(message);
    this.verdict = verdict;
    this.reason = reason;
  }
}

/** Our lease was taken over: nothing more may be written, by anyone holding this term (invariant I5). */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** The program cannot run at all: usage, configuration, a lease that somebody else holds. Exit code 1. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
  readonly hint: string | null;

  constructor(message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.hint = options.hint ?? null;
  }
}

/** The words of whatever was thrown, causes included, on one line. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : describe(error.cause);
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}

/** The same with what to do about it, where that is known. */
export function inFull(error: unknown): string {
  const hint = error instanceof TrialFault || error instanceof CannotRun ? error.hint : null;
  return hint === null ? describe(error) : `${describe(error)}; ${hint}`;
}
