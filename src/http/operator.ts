/**
 * What the server shows, and what it takes, of whoever runs the loop. It reads memory and stored files through this port
 * and changes nothing but what it is told to want: a name on the queue.
 */
import type { WebhookResult } from '../metrics/label-values.ts';
import type { Explanation } from '../reconciler/explain.ts';
import type { StepName, TrialRecord } from '../reconciler/model.ts';
import type { StatusReport } from '../status-report.ts';

export interface Operator {
  /** The object that `status --json` prints: every row as last looked at. From memory, and so cheap. */
  status(): StatusReport;
  /** What `explain --json` prints, from what the loop knows; null where no recipe is called so. */
  explain(recipe: string): Promise<ExplainedRecipe | null>;
  /** Newest first. */
  trials(recipe: string): Promise<readonly TrialRecord[]>;
  trial(id: string): Promise<TrialRecord | null>;
  /** The end of the log of its failing step; empty where none failed. */
  failureTail(trial: TrialRecord): Promise<readonly string[]>;
  running(): readonly RunningTrial[];
  readiness(): { ready: boolean; why: string };
  /** Puts a name on the queue and does nothing else. False where no recipe is called so. */
  want(recipe: string, cause: 'person' | 'webhook'): boolean;
  /** Recipes whose upstream or mirror is at one of these addresses, however they are spelled. */
  recipesAt(urls: readonly string[]): readonly string[];
  events: Events;
  metrics(): Promise<{ contentType: string; text: string }>;
  countWebhook(result: WebhookResult): void;
  /** What a person should know of the whole, such as that an invalid configuration is not followed. */
  notices(): readonly string[];
}

export interface ExplainedRecipe extends Explanation {
  /** The end of the log of the last trial's failing step. */
  logTail: readonly string[];
}

export interface RunningTrial {
  recipe: string;
  trial: string;
  /** Null between steps. */
  step: StepName | null;
}

/** Something that happened. Readers are never given a state by it: they look again. */
export interface OperatorEvent {
  /** Grows with every event. */
  id: number;
  type: 'decision' | 'step' | 'trial' | 'pass' | 'fleet';
  /** Null where it is no recipe's. */
  recipe: string | null;
  at: string;
  data: object;
}

/** What happened lately. A reader keeps its own place and asks for what came after it, as fast as it can take it. */
export interface Events {
  /** The newest event's, 0 where there was none. */
  readonly lastId: number;
  /** `missed`: some that came after `id` are not kept any more. */
  after(id: number): { missed: boolean; events: readonly OperatorEvent[] };
  /** Calls `wake` whenever something happened, until what it returns is called. */
  subscribe(wake: () => void): () => void;
}
