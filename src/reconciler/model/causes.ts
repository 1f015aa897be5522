/**
 * Why a recipe is to be looked at, or tried, the most urgent first. It orders what waits; nothing is ever decided by
 * it, since whoever looks reads both sides again.
 */
export type Cause =
  /** Somebody asked for it and may be waiting. */
  | 'person'
  | 'webhook'
  /** Somebody changed its manifest, its record or its volumes. */
  | 'edit'
  | 'release'
  /** It failed, and its time has come again. */
  | 'retry'
  /** Nothing happened that is known of: the interval, a start. */
  | 'scan';
