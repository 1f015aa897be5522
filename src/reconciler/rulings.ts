/**
 * Whether a request may be obeyed, as things are now: data in, data out. Asked twice, by whoever asks and by whoever
 * obeys, for between the two the world may have changed.
 */
import { allNeeds } from './dependencies.ts';
import type {
  Acceptance,
  Answer,
  CanonicalRecord,
  Decision,
  Fleet,
  Reading,
  Reason,
  RecipeMemory,
  TrialRecord,
  Wish,
} from './model.ts';
import type { RecipeView } from './view.ts';

export type Ruling<T> = { allowed: true; value: T } | { allowed: false; why: string; hint: string | null };

const ACCEPTABLE: readonly string[] = [
  'tag-moved',
  'record-mismatch',
  'release-withdrawn',
  'canonical-not-allowed',
  'driver-changed',
] satisfies Acceptance['reason'][];

/** Reasons of a hold that only a person can end. */
export function isAcceptable(reason: Reason): reason is Acceptance['reason'] {
  return ACCEPTABLE.includes(reason);
}

/** What accepting would mean: exactly what the decision is held for. */
export function acceptanceOf(decision: Decision, view: RecipeView, now: Date): Ruling<Acceptance> {
  const { recipe, canonical, latest, message, reason } = decision;
  if (decision.decision !== 'held' || !isAcceptable(reason) || canonical === null) {
    const state = `${recipe} is ${decision.decision} (${reason}): ${message}`;
    return refused(`there is nothing to accept: ${state}`, `see "reconcile explain ${recipe}"`);
  }
  if (latest === null) {
    const why = `${recipe} cannot be rebuilt, for no release is left that its manifest allows: ${message}`;
    return refused(why, 'it can be accepted once there is a release to rebuild it at');
  }
  const { version, commit, generation } = canonical;
  const tags = view.refs?.readable === true ? view.refs.value.tags : [];
  const tagCommit = tags.find(({ name }) => name === version)?.commit ?? null;
  return allowed({ reason, canonical: { version, commit }, generation, tagCommit, at: now.toISOString() });
}

/** The memory that a person's word on a canonical makes; the record must still be the one that they saw. */
export function ruleOnCanonical(
  wish: Extract<Wish, { verb: 'accept' | 'rebuild' }>,
  record: Reading<CanonicalRecord | null>,
  memory: Reading<RecipeMemory>,
): Ruling<RecipeMemory> {
  const { recipe } = wish;
  if (!record.readable) return refused(`the record of ${recipe} cannot be read: ${record.why}`);
  if (!memory.readable) return refused(`what is remembered of ${recipe} cannot be read: ${memory.why}`);
  const now = record.value;
  if (now === null) return refused(`${recipe} has no canonical any more`);
  const seen = wish.verb === 'accept' ? wish.acceptance.generation : wish.generation;
  const other = wish.verb === 'accept' && wish.acceptance.canonical.commit !== now.commit;
  if (seen !== now.generation || other) {
    return refused(
      `the canonical of ${recipe} is another than when that was asked: ${numbered(now.generation)}, not ${numbered(seen)}`,
      `look again, with "reconcile explain ${recipe}"`,
    );
  }
  if (wish.verb === 'accept') return allowed({ ...memory.value, accepted: wish.acceptance });
  return allowed({ ...memory.value, rebuild: { generation: wish.generation, at: wish.at } });
}

/** Only of a fleet that could be read in full: what is not found in a part of it may stand in the rest (invariant I7). */
export function ruleOnForgetting(
  recipe: string,
  fleet: Fleet,
  record: Reading<CanonicalRecord | null>,
): Ruling<null> {
  if (!record.readable) {
    const why = `the record of ${recipe} cannot be read, so nobody can say what it names: ${record.why}`;
    return refused(why, 'mend the record, or take the file away, and forget it then');
  }
  const [problem] = fleet.problems;
  if (problem !== undefined || fleet.invalid.length > 0) {
    const what =
      problem === undefined ? fleet.invalid[0]?.file : `${problem.file}:${problem.line}: ${problem.message}`;
    const why = `whether ${recipe} is enrolled cannot be told while a manifest is invalid: ${what}`;
    return refused(why, 'mend it first; "reconcile validate" names every problem');
  }
  if (fleet.manifests.length === 0) {
    const why = `no manifest was found at all, which is no proof that ${recipe} is not enrolled`;
    return refused(why, 'name the folder of manifests with --manifests DIR');
  }
  const manifest = fleet.manifests.find(({ name }) => name === recipe);
  if (manifest?.enrolled === true) {
    const why = `${recipe} is enrolled by ${manifest.file}`;
    return refused(why, 'remove its manifest, or say "enrolled: false" and why, and forget it then');
  }
  const manifestOf = (name: string) => fleet.manifests.find((each) => each.name === name) ?? null;
  const dependent = fleet.manifests.find(
    ({ name, enrolled }) => enrolled && allNeeds(name, manifestOf).includes(recipe),
  );
  if (dependent !== undefined) {
    const why = `${dependent.name}, which is enrolled, depends on ${recipe}`;
    return refused(why, `take it out of the dependsOn of ${dependent.file} first`);
  }
  return allowed(null);
}

/** What became of a trial that was to be cancelled. */
export function cancelAnswer(wish: Extract<Wish, { verb: 'cancel' }>, trial: TrialRecord | null): Answer {
  const { recipe } = wish;
  if (trial === null) return { obeyed: false, message: `no trial ${wish.trial} of ${recipe} is stored` };
  const what = `trial ${trial.id} of ${recipe} ${trial.version}`;
  if (trial.endedAt === null) return { obeyed: false, message: `${what} is not run by whoever acts now` };
  return trial.verdict === 'interrupted'
    ? { obeyed: true, message: `${what} ended as interrupted: ${trial.message ?? 'no message'}` }
    : { obeyed: false, message: `${what} had ended before it could be cancelled: ${trial.verdict}` };
}

function numbered(generation: number | null): string {
  return generation === null ? 'the adopted one' : `generation ${generation}`;
}

function allowed<T>(value: T): Ruling<T> {
  return { allowed: true, value };
}

function refused(
  why: string,
  hint: string | null = null,
): { allowed: false; why: string; hint: string | null } {
  return { allowed: false, why, hint };
}
