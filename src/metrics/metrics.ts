/**
 * What the program tells Prometheus, in two halves. What is true now (gauges) is shown from what a pass reports, whole:
 * no event can be missed that would leave a gauge wrong for ever. What happened (counters, histograms) is counted as it
 * happens. Both a single pass and a loop of them feed it the same way: `trialEvent` while trials run, `passEnded` after.
 *
 * The labels of a recipe are bounded by the fleet: its series come with its first row and go with its last.
 */
import { exitCodeOf, type ExitRow } from '../reconciler/exit-code.ts';
import { lasted } from '../reconciler/history.ts';
import type { Leftover, Program, Reading, TrialRecord } from '../reconciler/model.ts';
import type { QueueMetrics } from '../reconciler/queue.ts';
import type { TrialEvent } from '../reconciler/trial-run.ts';
import type { Source, Unread } from '../reconciler/unread.ts';
import {
  fleetGauges,
  leftoverGauges,
  recipeGauges,
  seconds,
  type ShownFleet,
  type ShownRow,
} from './gauges.ts';
import { Instruments } from './instruments.ts';
import {
  RESULTS,
  resultOf,
  SOURCES,
  STEPS,
  VERDICTS,
  WEBHOOK_RESULTS,
  type QueueName,
  type WebhookResult,
} from './label-values.ts';
import { queueMetrics, showLongest } from './queue.ts';
import type { GaugeSample } from './series.ts';

export interface EndedPass extends Pick<ShownFleet, 'fleet' | 'enrolled'> {
  report: {
    observedAt: string;
    exitCode: number;
    error?: string;
    disk: ShownFleet['disk'];
    recipes: readonly CountedRow[];
  };
  /** Whether all recipes were in scope. */
  whole: boolean;
  /** Rows of the recipes that were not, as they were last seen. */
  others: readonly ShownRow[];
  unread: Unread;
  /** What is left and no recipe's. */
  strays: Reading<readonly Leftover[]>;
}

type CountedRow = ShownRow & ExitRow;

/** What is read for the whole fleet at once, and not by looking at a recipe. */
const FLEETS_OWN: readonly Source[] = ['manifests', 'config', 'driver'];

interface Shown {
  row: ShownRow;
  samples: readonly GaugeSample[];
}

export class Metrics {
  readonly queues: Readonly<Record<QueueName, QueueMetrics>>;
  readonly #instruments = new Instruments();
  readonly #recipes = new Map<string, Shown>();
  #faultyFiles: readonly GaugeSample[] = [];
  /** As they were found by the last pass. */
  #strays: readonly Leftover[] = [];

  constructor({ version, commit }: Program) {
    const instruments = this.#instruments;
    this.queues = {
      recipes: queueMetrics(instruments, 'recipes'),
      trials: queueMetrics(instruments, 'trials'),
      mirrors: queueMetrics(instruments, 'mirrors'),
    };
    instruments.set({ name: 'reconciler_build_info', labels: { version, commit }, value: 1 });
    for (const result of RESULTS) {
      instruments.add('reconciler_passes_total', { result }, 0);
      instruments.add('reconciler_reconcile_total', { result }, 0);
    }
    for (const source of SOURCES) instruments.add('reconciler_observe_failures_total', { source }, 0);
    for (const result of WEBHOOK_RESULTS) instruments.add('reconciler_webhooks_total', { result }, 0);
    for (const step of STEPS) instruments.observe('reconciler_trial_step_duration_seconds', { step }, null);
    for (const sample of leftoverGauges([], [])) instruments.set(sample);
  }

  /** Not for a file: in the exposition that it becomes part of, the names of these series are taken. */
  watchProcess(): void {
    this.#instruments.watchProcess();
  }

  leads(isLeader: boolean): void {
    this.#instruments.set({ name: 'reconciler_leader', labels: {}, value: Number(isLeader) });
  }

  /** As it is now: it grows without any event, so it is asked for before each `text()`. */
  longestRunning(queue: QueueName, ms: number): void {
    showLongest(this.#instruments, queue, ms);
  }

  webhook(result: WebhookResult): void {
    this.#instruments.add('reconciler_webhooks_total', { result });
  }

  trialEvent({ type, recipe, trial, step }: TrialEvent): void {
    if (type === 'step-ended' && step !== null) {
      const took = stepLasted(trial, step);
      this.#instruments.observe('reconciler_trial_step_duration_seconds', { step }, took);
    }
    if (type !== 'trial-ended' || trial.verdict === null) return;
    this.#instruments.add('reconciler_trials_total', { recipe, verdict: trial.verdict });
    this.#instruments.observe('reconciler_reconcile_duration_seconds', {}, lasted(trial) ?? 0);
  }

  /** One recipe was looked at by itself. `unread`: what of it could not be read. */
  looked(row: CountedRow, unread: readonly Source[], mirrorFailed: boolean): void {
    for (const source of unread) this.#instruments.add('reconciler_observe_failures_total', { source });
    this.#count(row, mirrorFailed);
    this.#show(row);
  }

  /** What holds for the whole fleet, as it is now: a pause ends, and room becomes free, without anything being read. */
  fleetIs(shown: ShownFleet, now: Date): void {
    for (const sample of this.#faultyFiles) this.#instruments.unset(sample);
    const samples = fleetGauges(shown, now);
    this.#faultyFiles = samples.filter(({ name }) => name === 'reconciler_manifest_invalid');
    for (const sample of samples) this.#instruments.set(sample);
    const rows = [...this.#recipes.values()].map(({ row }) => row);
    for (const sample of leftoverGauges(rows, this.#strays)) this.#instruments.set(sample);
  }

  /** Every recipe was looked at by itself; this is what else there is to say, and that it ended. */
  roundEnded(pass: Omit<EndedPass, 'whole' | 'others'> & { isStored: boolean }, now: Date): void {
    const { report, unread, isStored } = pass;
    const exitCode = isStored ? report.exitCode : 1;
    this.#instruments.add('reconciler_passes_total', { result: resultOf(exitCode) });
    for (const source of FLEETS_OWN)
      this.#instruments.add('reconciler_observe_failures_total', { source }, unread[source] ?? 0);
    this.lastPassWas(completionOf({ ...report, exitCode }));
    this.#showAll(pass, report.recipes, now);
  }

  passEnded(pass: EndedPass): void {
    const { report, whole, others, unread } = pass;
    this.#instruments.add('reconciler_passes_total', { result: resultOf(report.exitCode) });
    for (const source of SOURCES)
      this.#instruments.add('reconciler_observe_failures_total', { source }, unread[source] ?? 0);
    for (const row of report.recipes) this.#count(row, row.mirror?.state === 'failing');
    if (whole) this.lastPassWas(completionOf(report));
    this.#showAll(pass, [...report.recipes, ...others], new Date(report.observedAt));
  }

  /** Nothing is left that has its name. */
  gone(recipe: string): void {
    this.#forget(recipe);
  }

  /** A pass that came to no result at all. */
  passFailed({ whole }: { whole: boolean }): void {
    this.#instruments.add('reconciler_passes_total', { result: 'failed' });
    if (whole) this.lastPassWas({ exitCode: 1, completedAt: null });
  }

  /** Of all recipes; also one that an earlier process ran. */
  lastPassWas({ exitCode, completedAt }: Completion): void {
    const labels = {};
    this.#instruments.set({ name: 'reconciler_pass_last_exit_code', labels, value: exitCode });
    if (completedAt === null) return;
    const name = 'reconciler_pass_last_completed_timestamp_seconds';
    this.#instruments.set({ name, labels, value: completedAt });
  }

  /** In Prometheus' text format, whose content type is `contentType`. */
  async text(): Promise<string> {
    return await this.#instruments.text();
  }

  get contentType(): string {
    return this.#instruments.contentType;
  }

  #count(row: CountedRow, mirrorFailed: boolean): void {
    const { recipe } = row;
    const result = resultOf(exitCodeOf([row], 'Pass'));
    this.#instruments.add('reconciler_reconcile_total', { result });
    this.#instruments.add('reconciler_mirror_sync_failures_total', { recipe }, Number(mirrorFailed));
  }

  #showAll(pass: Omit<EndedPass, 'whole' | 'others'>, rows: readonly ShownRow[], now: Date): void {
    for (const row of rows) this.#show(row);
    const names = new Set(rows.map(({ recipe }) => recipe));
    for (const name of this.#recipes.keys()) if (!names.has(name)) this.#forget(name);
    const { report, fleet, enrolled, strays } = pass;
    this.#strays = strays.readable ? strays.value : [];
    this.fleetIs({ fleet, enrolled, disk: report.disk }, now);
  }

  #show(row: ShownRow): void {
    const { recipe } = row;
    for (const sample of this.#recipes.get(recipe)?.samples ?? []) this.#instruments.unset(sample);
    const samples = recipeGauges(row);
    for (const sample of samples) this.#instruments.set(sample);
    this.#recipes.set(recipe, { row, samples });
    this.#instruments.add('reconciler_mirror_sync_failures_total', { recipe }, 0);
    for (const verdict of VERDICTS) this.#instruments.add('reconciler_trials_total', { recipe, verdict }, 0);
  }

  #forget(recipe: string): void {
    for (const sample of this.#recipes.get(recipe)?.samples ?? []) this.#instruments.unset(sample);
    this.#recipes.delete(recipe);
    this.#instruments.drop('reconciler_mirror_sync_failures_total', { recipe });
    for (const verdict of VERDICTS) this.#instruments.drop('reconciler_trials_total', { recipe, verdict });
  }
}

interface Completion {
  exitCode: number;
  /** Null: what was said of the one before stands. */
  completedAt: number | null;
}

/** One in which nothing could be evaluated was not completed, however soon it ended (invariant I6). */
export function completionOf({
  exitCode,
  observedAt,
}: Pick<EndedPass['report'], 'exitCode' | 'observedAt'>): Completion {
  return { exitCode, completedAt: exitCode === 1 ? null : seconds(observedAt) };
}

function stepLasted({ steps }: TrialRecord, name: string): number {
  const step = steps.find((each) => each.name === name);
  if (step === undefined || step.endedAt === null) return 0;
  return Math.max(0, Date.parse(step.endedAt) - Date.parse(step.startedAt));
}
