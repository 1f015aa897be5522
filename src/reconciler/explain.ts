/**
 * The whole chain behind one recipe's decision, as data. Its first sentence answers the question that people come
 * with: why is nothing happening? (Or what will.)
 */
import { conditionsOf } from './conditions.ts';
import { mirrorState } from './mirror-drift.ts';
import type {
  Condition,
  Decision,
  Leftover,
  Manifest,
  MirrorMemory,
  Pause,
  Reason,
  ReleaseRef,
  StepName,
  TrialRecord,
} from './model.ts';
import { goesAfter, type Decided, type Look } from './look.ts';
import { standing, type StandingPause } from './pause.ts';
import { classify, type IgnoredTag } from './releases.ts';
import { isAcceptable } from './rulings.ts';
import { isMirrorDue } from './sync-mirrors.ts';
import type { RecipeView } from './view.ts';

interface GenerationFacts {
  generation: number;
  role: 'canonical' | 'kept';
  version: string | null;
  bytes: number;
  state: string;
}

export interface Explanation {
  recipe: string;
  answer: string;
  decision: Omit<Decision, 'plan'>;
  /** Under which rule `nextAt` stands; null where there is no time. */
  rule: string | null;
  after: readonly string[];
  /** As its manifest says, in force or ended; null where it says nothing. */
  suspension: StandingPause | null;
  /** The whole fleet's, in the same way. */
  freeze: StandingPause | null;
  conditions: readonly Condition[];
  /** The trial of it that goes on now. */
  running: RunningTrial | null;
  upstream: {
    url: string | null;
    state: string;
    releases: readonly ReleaseRef[];
    ignored: readonly IgnoredTag[];
  };
  observed: {
    record: string;
    generations: readonly GenerationFacts[];
    dependencies: readonly string[];
    leftovers: readonly Leftover[];
  };
  /** The team's own mirror; null where its manifest names none. */
  mirror: (MirrorFacts & { url: string }) | null;
  /** What upstream rewrote, as far as the mirrors met it, newest first. */
  rewrites: MirrorMemory['rewrites'];
  /** What a trial would do now. */
  plan: { kind: string; target: ReleaseRef; base: string | null; keep: readonly number[] } | null;
  lastTrial: TrialRecord | null;
}

interface RunningTrial {
  trial: string;
  version: string;
  startedAt: string;
  /** Null between steps. */
  step: StepName | null;
}

interface MirrorFacts extends Pick<MirrorMemory, 'foreignTags' | 'failing' | 'pullRequests'> {
  state: string;
}

/** What is known of the fleet, as far as one recipe's explanation needs it. */
type Known = Decided & Pick<Look, 'now'>;

/** What goes on around it. */
interface Surroundings {
  /** The trial of it that goes on. */
  onTrial: TrialRecord | null;
  freeze: Pause | null;
}

export function explain(recipe: string, found: Known, around: Surroundings): Explanation | null {
  const decision = found.decisions.get(recipe);
  const view = found.view.recipes.get(recipe);
  if (decision === undefined || view === undefined) return null;
  const { plan, ...rest } = decision;
  const trials = view.trials.readable ? view.trials.value : [];
  const running = runningOf(around.onTrial);
  return {
    recipe,
    answer: `${running === null ? answerOf(decision) : onTrialAnswer(decision, running)}${mirrorAnswer(view, decision, found.now)}`,
    decision: rest,
    rule: decision.nextAt === null ? null : (RULES[decision.reason] ?? null),
    after: goesAfter(recipe, found),
    suspension: standing(view.manifest?.suspend ?? null, found.now),
    freeze: standing(around.freeze, found.now),
    conditions: conditionsNow(view, decision, found.now, around.onTrial),
    running,
    upstream: upstreamFacts(view),
    observed: {
      record: recordFact(view),
      generations: generationFacts(view),
      dependencies: view.manifest?.dependsOn.map(({ name }) => dependencyFact(name, found)) ?? [],
      leftovers: view.leftovers.readable ? view.leftovers.value : [],
    },
    mirror: mirrorFacts(view),
    rewrites: view.memory.readable ? (view.memory.value.mirror?.rewrites ?? []) : [],
    plan:
      plan === null
        ? null
        : {
            kind: plan.kind,
            target: plan.target,
            base: plan.base?.version ?? null,
            keep: plan.keep.map((k) => k.generation),
          },
    lastTrial: trials[0] ?? null,
  };
}

function conditionsNow(
  { memory }: RecipeView,
  decision: Decision,
  now: Date,
  onTrial: TrialRecord | null,
): readonly Condition[] {
  return conditionsOf(decision, { before: memory.readable ? memory.value.conditions : [], onTrial, now });
}

function runningOf(onTrial: TrialRecord | null): RunningTrial | null {
  if (onTrial === null) return null;
  const { id, version, startedAt } = onTrial;
  return { trial: id, version, startedAt, step: openStep(onTrial) };
}

/** At which step a trial is; null between steps. */
export function openStep({ steps }: TrialRecord): StepName | null {
  return steps.find(({ endedAt }) => endedAt === null)?.name ?? null;
}

const RULES: Partial<Record<Reason, string>> = {
  suspended: 'spec.suspend.until of its manifest',
  frozen: 'spec.freeze.until of the Reconciler document',
  'release-too-young': 'spec.release.minAge of its manifest',
  'failed-same-inputs':
    'spec.retry of its manifest; --retry-failed overrides it, and so does any change of an input',
  'outside-window': 'spec.window of the Reconciler document',
};

function answerOf({ recipe, decision, reason, message, nextAt, drift }: Decision): string {
  const next = nextAt === null ? '' : ` It goes on at ${nextAt}.`;
  const person = isAcceptable(reason) ? ` It goes on once you say "reconcile accept ${recipe}".` : '';
  switch (decision) {
    case 'in-sync':
      return `Nothing is happening because nothing has to: ${message}.`;
    case 'seed':
    case 'advance':
    case 'repair':
      return `The next pass will ${decision} ${recipe}: ${message}.`;
    case 'never-released':
      return `Nothing is happening because there is no release to test: ${message}.`;
    case 'not-enrolled':
      return `Nothing is happening because ${recipe} is not enrolled: ${message}.`;
    case 'unknown':
      return `Nothing is happening because something could not be read (${reason}), and that is never taken for absence: ${message}.`;
    case 'suspended':
      return `Nothing is happening because ${recipe} is suspended (it would ${drift}): ${message}.${next}`;
    case 'blocked':
      return `Nothing is happening because a dependency is not ready (it would ${drift}): ${message}.`;
    case 'held':
      return `Nothing is happening because ${recipe} is held (${reason}${drift === null ? '' : `, it would ${drift}`}): ${message}.${next}${person}`;
  }
}

/** Whatever was decided beside it: that is what happens. */
function onTrialAnswer({ recipe, message }: Decision, running: RunningTrial): string {
  const { trial, version, startedAt, step } = running;
  const at = step === null ? 'between steps' : `at step ${step}`;
  return `A trial of ${recipe} runs now: ${trial} of ${version}, since ${startedAt}, ${at}: ${message}.`;
}

/** A mirror that is to be synced is something that happens, or should. */
function mirrorAnswer(view: RecipeView, decision: Decision, now: Date): string {
  if (!isMirrorDue(view, decision, now)) return '';
  return ` Its mirror is to be made equal to upstream: ${mirrorState(view)?.message ?? ''}.`;
}

function upstreamFacts({ manifest, refs, memory }: RecipeView): Explanation['upstream'] {
  const url = manifest?.upstream ?? null;
  if (refs === null) return { url, state: 'not asked', releases: [], ignored: [] };
  if (!refs.readable) return { url, state: `not readable: ${refs.why}`, releases: [], ignored: [] };
  const policy: Manifest['release'] = manifest?.release ?? { ignore: [], prerelease: false, minAgeMs: 0 };
  const { allowed, ignored } = classify(
    refs.value.tags,
    policy,
    memory.readable ? memory.value.notCommits : {},
  );
  return {
    url,
    state: refs.value.tags.length === 1 ? '1 tag' : `${refs.value.tags.length} tags`,
    releases: allowed,
    ignored,
  };
}

function mirrorFacts(view: RecipeView): Explanation['mirror'] {
  const url = view.manifest?.mirror?.url;
  if (url === undefined) return null;
  const found = mirrorState(view);
  const remembered = view.memory.readable ? view.memory.value.mirror : null;
  return {
    url,
    state: found === null ? 'not asked' : `${found.state}: ${found.message}`,
    foreignTags: remembered?.foreignTags ?? [],
    failing: remembered?.failing ?? null,
    pullRequests: remembered?.pullRequests ?? null,
  };
}

function recordFact({ record, adoptable }: RecipeView): string {
  if (!record.readable) return `not readable: ${record.why}`;
  if (record.value === null) return 'none';
  const { version, commit, ts, generation, driver } = record.value;
  const left = adoptable.readable && adoptable.value.length > 0 ? `with ${adoptable.value.join(', ')}` : null;
  const made =
    generation === null
      ? `adopted ${left ?? 'without volumes'}`
      : `generation ${generation} by the ${driver} driver`;
  return `${version} at ${commit}, promoted ${ts}, ${made}`;
}

function generationFacts({ generations, record }: RecipeView): GenerationFacts[] {
  if (!generations.readable || !record.readable) return [];
  return generations.value.map(({ generation, document, bytes, damage }) => ({
    generation,
    role: generation === record.value?.generation ? 'canonical' : 'kept',
    version: document?.version ?? null,
    bytes,
    state: damage.length === 0 ? 'intact' : damage.map(({ what, kind }) => `${what} ${kind}`).join(', '),
  }));
}

function dependencyFact(name: string, found: Known): string {
  const view = found.view.recipes.get(name);
  const record = view?.record.readable === true ? view.record.value : null;
  return record === null
    ? `${name}: no canonical`
    : `${name}: canonical ${record.version}, generation ${record.generation}`;
}
