/** How a claim is worded, and what to do about one that does not hold. */
import type { AuditEvidence, Claim } from './model.ts';

/** A claim that holds unless there is a fault in it. */
export function judge(about: string, claim: string, fault: string | null, hint: string): Claim {
  return fault === null ? ok(about, claim) : { about, claim, outcome: 'wrong', found: fault, hint };
}

export function ok(about: string, claim: string, worthSaying: string | null = null): Claim {
  return { about, claim, outcome: 'ok', found: worthSaying, hint: null };
}

export function unchecked(about: string, claim: string, why: string, hint: string): Claim {
  return { about, claim, outcome: 'unchecked', found: `cannot be checked: ${why}`, hint };
}

export function unclaimed(about: string, claim: string, hint: string): Claim {
  return { about, claim, outcome: 'unclaimed', found: 'the record was adopted and does not say', hint };
}

type Whose = Pick<AuditEvidence, 'recipe' | 'enrolled'>;

/** Data, or the word for it, cannot be trusted: a new canonical replaces it, the old one stays until then. */
export function rebuild({ recipe, enrolled }: Whose): string {
  return enrolled ? `reconcile rebuild ${recipe}` : leave(recipe);
}

/** A kept generation is only there to build on. */
export function replaceKept(whose: Whose): string {
  return `nothing builds on it, and it goes with the next promotion; to have one now: ${rebuild(whose)}`;
}

/** A mirror can be fetched again, and no data with it is lost. */
export function fetchAnew(whose: Whose): string {
  const { recipe } = whose;
  return `the next trial of ${recipe}, or of a recipe that depends on it, fetches it anew; to have it now: ${rebuild(whose)}`;
}

/** The canonical contradicts upstream: somebody has to say which of the two is right. */
export function accept({ recipe, enrolled }: Whose): string {
  return enrolled ? `reconcile accept ${recipe}` : leave(recipe);
}

/** What a look finds by itself, and the next pass mends. */
export function pass({ recipe, enrolled }: Whose): string {
  return enrolled ? `reconcile --once ${recipe}` : leave(recipe);
}

function leave(recipe: string): string {
  return `enrol ${recipe} again, or let go of it: reconcile forget ${recipe} --yes`;
}
