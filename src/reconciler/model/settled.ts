/** What a pass remembers of a recipe that it found settled: docs/decisions/0018. */
import type { VolumeRecord } from './observed.ts';
import type { Row } from './rows.ts';

/** All that the row of a settled recipe was derived from, as far as it is told without deriving it again. */
export interface Settled {
  row: Row;
  /** The answer of its upstream. */
  upstream: string;
  /** That of the team's mirror; null where its manifest names none. */
  mirror: string | null;
  trace: Trace;
}

/** What lies of it in the state folder. */
export interface Trace {
  /** A digest of what the system says of its files and folders, contents left out. */
  files: string;
  trials: readonly string[];
  /** The canonical first, then the kept ones. */
  generations: readonly TracedGeneration[];
}

/** By this a driver finds out, as at every look, whether the data of a generation is as it was. */
export interface TracedGeneration {
  generation: number;
  stack: string;
  volumes: readonly VolumeRecord[];
  secrets: readonly string[];
  bytes: number;
  allocatedBytes: number;
}
