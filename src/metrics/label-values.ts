/** The labels' values that this program chooses: a series exists for each of them before its first event. */
import type { Leftover, StepName, Verdict } from '../reconciler/model.ts';
import type { Source } from '../reconciler/unread.ts';

/** Of a pass and of one recipe alike: the meanings of an exit code. */
export type Result = 'in-sync' | 'failed' | 'drift' | 'waiting' | 'unknown';

const RESULT_OF: Readonly<Record<number, Result>> = { 0: 'in-sync', 2: 'drift', 3: 'waiting', 4: 'unknown' };

export function resultOf(exitCode: number): Result {
  return RESULT_OF[exitCode] ?? 'failed';
}

export type WebhookResult =
  | 'accepted'
  | 'bad-signature'
  | 'not-configured'
  | 'unknown-recipe'
  | 'too-large'
  | 'unreadable'
  | 'broken-off'
  | 'failed';

/** Of looks, which is every recipe's, of trials, and of mirrors to be synced. */
export type QueueName = 'recipes' | 'trials' | 'mirrors';

export const RESULTS = every<Result>({
  'in-sync': 'in-sync',
  failed: 'failed',
  drift: 'drift',
  waiting: 'waiting',
  unknown: 'unknown',
});

export const VERDICTS = every<Verdict>({
  green: 'green',
  red: 'red',
  timeout: 'timeout',
  infra: 'infra',
  superseded: 'superseded',
  interrupted: 'interrupted',
});

export const STEPS = every<StepName>({
  sync: 'sync',
  checkout: 'checkout',
  install: 'install',
  upgrade: 'upgrade',
  rest: 'rest',
  promote: 'promote',
  tidy: 'tidy',
});

export const SOURCES = every<Source>({
  manifests: 'manifests',
  config: 'config',
  driver: 'driver',
  upstream: 'upstream',
  mirror: 'mirror',
  record: 'record',
  volumes: 'volumes',
  memory: 'memory',
  trials: 'trials',
  leftovers: 'leftovers',
});

export const LEFTOVER_KINDS = every<Leftover['kind']>({
  generation: 'generation',
  volume: 'volume',
  trial: 'trial',
  'mirror-lock': 'mirror-lock',
  term: 'term',
  process: 'process',
  preparation: 'preparation',
  request: 'request',
  stranger: 'stranger',
});

export const WEBHOOK_RESULTS = every<WebhookResult>({
  accepted: 'accepted',
  'bad-signature': 'bad-signature',
  'not-configured': 'not-configured',
  'unknown-recipe': 'unknown-recipe',
  'too-large': 'too-large',
  unreadable: 'unreadable',
  'broken-off': 'broken-off',
  failed: 'failed',
});

/** A word that is added to one of these types and forgotten here does not compile. */
function every<Word extends string>(words: { [Each in Word]: Each }): readonly Word[] {
  return Object.values<Word>(words);
}
