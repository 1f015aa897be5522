/** Requests: what a person asks of whoever acts. */
import type { Acceptance } from './observed.ts';

/** Names exactly what its giver saw, so that it never comes to mean anything else. */
export type Wish =
  | { verb: 'accept'; recipe: string; acceptance: Acceptance }
  | { verb: 'rebuild'; recipe: string; generation: number | null; at: string }
  | { verb: 'cancel'; recipe: string; trial: string }
  | { verb: 'forget'; recipe: string }
  | { verb: 'gc' };

/** A wish that was durably left and waits to be obeyed. */
export interface OperatorRequest {
  id: string;
  wish: Wish;
}

export interface Answer {
  obeyed: boolean;
  /** What was done, or why it was not. */
  message: string;
}
