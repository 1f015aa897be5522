/**
 * How urgent causes are, as the head start in ms that a key of that cause gives to all others. A key comes before
 * another if it has been waiting longer after that is taken off: so waiting makes urgent, and nothing starves. What a
 * key can be overtaken by was added before its patience ran out.
 */
import type { Cause } from '../model.ts';

export type Patience = Readonly<Record<Cause, number>>;

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** A look takes about a second, and a fleet is looked at in minutes. */
export const PATIENCE_OF_LOOKS: Patience = {
  person: 0,
  webhook: SECOND,
  edit: 2 * SECOND,
  release: 10 * SECOND,
  retry: 30 * SECOND,
  scan: 60 * SECOND,
};

/** A trial takes minutes to an hour, and a fleet may be on trial for days. */
export const PATIENCE_OF_TRIALS: Patience = {
  person: 0,
  webhook: 2 * HOUR,
  edit: 4 * HOUR,
  release: 12 * HOUR,
  retry: 24 * HOUR,
  scan: 48 * HOUR,
};
