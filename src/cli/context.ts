/** What every command is given: where to write, what was set, and the parts that act. */
import type { Actor, Reader, Settings } from '../composition.ts';
import type { Logger } from '../log.ts';
import type { Loop, LoopSettings } from '../loop-composition.ts';
import type { MetricsFile } from '../metrics/metrics-file.ts';

export interface Output {
  write: (text: string) => void;
  terminal: boolean;
  color: boolean;
  /** Characters in a line; only a terminal has a limit. */
  columns: number;
}

interface CommonOptions {
  manifests: string;
  state: string;
  json: boolean;
}

/** The parts are loaded by the commands that need them: `status` should answer at once. */
export interface Parts {
  openReader: (settings: Settings) => Promise<Reader>;
  openActor: (settings: Settings, stop: AbortSignal) => Promise<Actor>;
  openMetricsFile: (path: string) => Promise<MetricsFile>;
  openLoop: (settings: LoopSettings, stop: AbortSignal) => Promise<Loop>;
}

export interface Context {
  out: Output;
  err: Output;
  stop: AbortSignal;
  options: CommonOptions;
  log: () => Promise<Logger>;
  parts: () => Promise<Parts>;
  settings: () => Promise<LoopSettings>;
}

export type ExitCode = number;
