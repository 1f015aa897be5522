/**
 * Every series that this program exposes, declared once: the contract with alert rules, dashboards and whatever else
 * people build on it. `metrics/README.md` says what to do with each; a test keeps the two, the rules and the dashboard
 * naming the same.
 */

export interface Series {
  type: 'gauge' | 'counter' | 'histogram';
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in seconds. */
  buckets?: readonly number[];
}

/** From a look that takes no time to a trial that takes all of its own. */
const LONG = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600, 7200];
const SHORT = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600];

export const SERIES = {
  reconciler_build_info: {
    type: 'gauge',
    help: '1; the labels name the program that runs, or that ran the pass.',
    labels: ['version', 'commit'],
  },
  reconciler_leader: {
    type: 'gauge',
    help: 'Whether this process holds the lease; 0 in a file, whose process has ended.',
    labels: [],
  },
  reconciler_interval_seconds: {
    type: 'gauge',
    help: 'How often the continuous loop looks at every recipe (spec.interval).',
    labels: [],
  },
  reconciler_enrolled_recipes: {
    type: 'gauge',
    help: 'Recipes that are enrolled.',
    labels: [],
  },
  reconciler_passes_total: {
    type: 'counter',
    help: 'Passes by what they came to: the meaning of their exit code.',
    labels: ['result'],
  },
  reconciler_pass_last_completed_timestamp_seconds: {
    type: 'gauge',
    help: 'When a pass over all recipes was last completed, whatever it found; 0 where none ever was.',
    labels: [],
  },
  reconciler_pass_last_exit_code: {
    type: 'gauge',
    help: 'The exit code of the last pass over all recipes; 1 where it could not run, or was not completed.',
    labels: [],
  },
  reconciler_reconcile_total: {
    type: 'counter',
    help: 'Recipes that were looked at and served, by what that came to.',
    labels: ['result'],
  },
  reconciler_reconcile_duration_seconds: {
    type: 'histogram',
    help: 'How long a recipe was served: from the start of its trial to the end.',
    labels: [],
    buckets: LONG,
  },
  workqueue_depth: {
    type: 'gauge',
    help: 'Recipes that wait in the queue.',
    labels: ['name'],
  },
  workqueue_adds_total: {
    type: 'counter',
    help: 'Recipes that were put on the queue.',
    labels: ['name'],
  },
  workqueue_queue_duration_seconds: {
    type: 'histogram',
    help: 'How long a recipe waited in the queue.',
    labels: ['name'],
    buckets: SHORT,
  },
  workqueue_work_duration_seconds: {
    type: 'histogram',
    help: 'How long a recipe that came off the queue was worked on.',
    labels: ['name'],
    buckets: LONG,
  },
  workqueue_retries_total: {
    type: 'counter',
    help: 'Recipes that were put on the queue again after a failure.',
    labels: ['name'],
  },
  workqueue_longest_running_processor_seconds: {
    type: 'gauge',
    help: 'How long the recipe that is worked on longest has been worked on; 0 where none is.',
    labels: ['name'],
  },
  reconciler_recipe_drift: {
    type: 'gauge',
    help: 'Whether what is desired differs from what is, also where something holds a trial back.',
    labels: ['recipe'],
  },
  reconciler_recipe_drift_since_timestamp_seconds: {
    type: 'gauge',
    help: 'Since when it differs; 0 where it does not.',
    labels: ['recipe'],
  },
  reconciler_recipe_state: {
    type: 'gauge',
    help: '1 for what is decided about a recipe now, and why.',
    labels: ['recipe', 'decision', 'reason'],
  },
  reconciler_recipe_canonical_info: {
    type: 'gauge',
    help: '1; the labels name the canonical. Absent where there is none.',
    labels: ['recipe', 'version', 'commit', 'generation'],
  },
  reconciler_recipe_latest_release_info: {
    type: 'gauge',
    help: '1; the labels name the newest release that the manifest allows. Absent where there is none.',
    labels: ['recipe', 'version', 'commit'],
  },
  reconciler_recipe_promoted_timestamp_seconds: {
    type: 'gauge',
    help: 'When the canonical was promoted; 0 where there is none.',
    labels: ['recipe'],
  },
  reconciler_recipe_damage: {
    type: 'gauge',
    help: 'How many things of the canonical are missing, or not as they were promoted.',
    labels: ['recipe'],
  },
  reconciler_recipe_last_verdict: {
    type: 'gauge',
    help: '1 for what the last trial found. Absent where there was none.',
    labels: ['recipe', 'verdict'],
  },
  reconciler_trials_total: {
    type: 'counter',
    help: 'Trials that ended, by verdict.',
    labels: ['recipe', 'verdict'],
  },
  reconciler_trial_step_duration_seconds: {
    type: 'histogram',
    help: 'How long the steps of trials took, whether they failed or not.',
    labels: ['step'],
    buckets: LONG,
  },
  reconciler_observe_failures_total: {
    type: 'counter',
    help: 'Readings that failed, by what could not be read.',
    labels: ['source'],
  },
  reconciler_mirror_sync_failures_total: {
    type: 'counter',
    help: "Passes in which the team's mirror of a recipe could not be made equal to upstream.",
    labels: ['recipe'],
  },
  reconciler_mirror_failing: {
    type: 'gauge',
    help: "Whether the team's mirror of a recipe cannot be read or made equal to upstream.",
    labels: ['recipe'],
  },
  reconciler_warm_volume_bytes: {
    type: 'gauge',
    help: 'What all generations of a recipe that its record names take on disk.',
    labels: ['recipe'],
  },
  reconciler_disk_allocated_bytes: {
    type: 'gauge',
    help: 'What all generations together take on disk, left over ones and those of orphans included.',
    labels: [],
  },
  reconciler_disk_budget_bytes: {
    type: 'gauge',
    help: 'What they may take (spec.diskBudget); 0 where nothing is said of that.',
    labels: [],
  },
  reconciler_recipe_suspended: {
    type: 'gauge',
    help: 'Whether a suspension of a recipe is in force.',
    labels: ['recipe'],
  },
  reconciler_suspended_until_timestamp_seconds: {
    type: 'gauge',
    help: 'When the suspension that stands in the manifest ends, or ended; 0 where none stands or it has no end.',
    labels: ['recipe'],
  },
  reconciler_frozen: {
    type: 'gauge',
    help: 'Whether a freeze of the whole fleet is in force.',
    labels: [],
  },
  reconciler_frozen_until_timestamp_seconds: {
    type: 'gauge',
    help: 'When the freeze that stands in the Reconciler document ends, or ended; 0 where none stands or it has no end.',
    labels: [],
  },
  reconciler_manifest_invalid: {
    type: 'gauge',
    help: '1 for a file of the manifest folder that something is wrong with.',
    labels: ['file'],
  },
  reconciler_leftovers: {
    type: 'gauge',
    help: 'Things in the state folder that no record and nobody who is at work accounts for.',
    labels: ['kind'],
  },
  reconciler_webhooks_total: {
    type: 'counter',
    help: 'Webhooks that were received, by what became of them.',
    labels: ['result'],
  },
} as const satisfies Record<string, Series>;

type Declared = typeof SERIES;

type SeriesName = keyof Declared;

export type NameOf<Type extends Series['type']> = {
  [Name in SeriesName]: Declared[Name]['type'] extends Type ? Name : never;
}[SeriesName];

export type Labels<Name extends SeriesName> = Readonly<Record<Declared[Name]['labels'][number], string>>;

/** One value of one gauge, as it is to be shown. */
export type GaugeSample = {
  [Name in NameOf<'gauge'>]: { name: Name; labels: Labels<Name>; value: number };
}[NameOf<'gauge'>];
