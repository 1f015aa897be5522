/** Trials: what was tested, with which inputs, and what came of it. */
import type { ImageRecord } from './observed.ts';

export type Verdict = 'green' | 'red' | 'timeout' | 'infra' | 'superseded' | 'interrupted';

export type StepName = 'sync' | 'checkout' | 'install' | 'upgrade' | 'rest' | 'promote' | 'tidy';

export interface StepRecord {
  name: StepName;
  startedAt: string;
  endedAt: string | null;
  ok: boolean | null;
  message: string | null;
  /** File name of the step's log in the trial's folder. */
  log: string;
}

/** Time since a machine was started: it never jumps, and says nothing across two starts. */
export interface Uptime {
  bootId: string;
  ms: number;
}

/** Now, by the wall clock, which somebody may have set since, and by uptime. */
export interface Instant {
  now: Date;
  uptime: Uptime;
}

/** `trial.json`. */
export interface TrialRecord {
  id: string;
  recipe: string;
  version: string;
  commit: string;
  /** No generation: what an adopted record stands for. */
  base: { version: string; generation: number | null } | null;
  generation: number;
  inputs: string;
  verdict: Verdict | null;
  reason: string | null;
  message: string | null;
  startedAt: string;
  endedAt: string | null;
  /** The same two moments by a clock that cannot jump; null in trials of programs that did not store it yet. */
  uptime: { start: Uptime; end: Uptime | null } | null;
  steps: StepRecord[];
  /** What the release ran from; empty until it was up once, and where apps are no images. */
  images: readonly ImageRecord[];
  /** What a person should know of it besides: no verdict hangs on that. */
  notes: string[];
  instance: { host: string; pid: number; term: string };
  program: Program;
  promoted: boolean;
  /** How long after its end the same inputs are not tried again; drawn once, with jitter. Null: at once. */
  retryAfterMs: number | null;
}

export interface Program {
  version: string;
  commit: string;
}

/** One that is stored, and whose file holds something else than a trial. */
export interface DamagedTrial {
  id: string;
  /** By its name; not a number where it is not called like a trial. */
  generation: number;
  why: string;
}
