/**
 * An audit: which claims of a canonical hold, judged by git and the volumes alone. It believes neither the record nor
 * what a trial says of itself: each is held against everything else that must agree with it.
 *
 * A claim that something unreadable hides does not hold: nobody knows. One that rests on a claim which does not hold
 * is not made; so one fault is reported where it is, and not once more in everything that follows from it.
 */
import { judge, ok, unchecked } from './audit-claims.ts';
import { generationClaims, keptClaim } from './audit-generations.ts';
import { mirrorClaims } from './audit-mirror.ts';
import { releaseClaims } from './audit-release.ts';
import { trialClaims } from './audit-trial.ts';
import type { AuditEvidence, Claim, ClaimOutcome, Leftover, Reading } from './model.ts';

export function audit(evidence: AuditEvidence): Claim[] {
  const { recipe, record } = evidence;
  const claim = `the record of ${recipe} can be read`;
  if (!record.readable || record.value === null) {
    const why = record.readable ? 'it is gone' : record.why;
    const hint = 'restore it, or make it readable; until then no pass acts on this recipe';
    return [judge('record', claim, why, hint), leftoversUnknown(recipe)];
  }
  const known = record.value;
  const claims = [
    ok('record', claim),
    ...releaseClaims(evidence, known),
    ...mirrorClaims(evidence, known),
    ...trialClaims(evidence, known),
    keptClaim(evidence, known),
    ...generationClaims(evidence, known),
  ];
  const doubtful = claims.some(({ outcome }) => isFault(outcome));
  return [...claims, ...leftoverClaims(`of ${recipe}`, evidence.leftovers, doubtful)];
}

export function isFault(outcome: ClaimOutcome): boolean {
  return outcome === 'wrong' || outcome === 'unchecked';
}

/** `doubtful`: what seems to be left may be just what the record should name. */
export function leftoverClaims(
  whose: string,
  leftovers: Reading<readonly Leftover[]>,
  doubtful: boolean,
): Claim[] {
  const claim = `nothing unnamed is left ${whose}`;
  if (!leftovers.readable) {
    return [unchecked('leftovers', claim, leftovers.why, 'make it readable, and audit again')];
  }
  if (leftovers.value.length === 0) return [ok('leftovers', claim)];
  return leftovers.value.map(({ where, why, ours }) => {
    const hint = ours ? 'reconcile gc' : 'look at it: this program never removes what it did not make';
    const first = 'settle what else is wrong first: this may be what the record should name';
    return judge('leftovers', claim, `${where}: ${why}`, doubtful && ours ? first : hint);
  });
}

function leftoversUnknown(recipe: string): Claim {
  const why = 'only its record says what is named';
  const hint = 'audit again once the record can be read';
  return unchecked('leftovers', `nothing unnamed is left of ${recipe}`, why, hint);
}
