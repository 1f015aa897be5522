/** An operator whose fleet tests say: what is stored is in its fields, what it was asked to do too. */
import { EventFeed } from '../../src/http/event-feed.ts';
import type { ExplainedRecipe, Operator, OperatorEvent, RunningTrial } from '../../src/http/operator.ts';
import { placesOf } from '../../src/desired/places.ts';
import type { WebhookResult } from '../../src/metrics/label-values.ts';
import type { Pause, TrialRecord } from '../../src/reconciler/model.ts';
import { standing } from '../../src/reconciler/pause.ts';
import type { Row } from '../../src/reconciler/report.ts';
import { statusReport, type StatusReport } from '../../src/status-report.ts';
import {
  before,
  everyKind,
  explanationOf,
  greenTrials,
  LOG_TAIL,
  NOW,
  openTrial,
  PROGRAM,
  redTrials,
} from './made-up-fleet.ts';

export class MadeUpOperator implements Operator {
  rows: Row[];
  readonly events = new EventFeed();
  readonly stored = new Map<string, TrialRecord[]>();
  readonly wanted: { recipe: string; cause: 'person' | 'webhook' }[] = [];
  readonly webhooks: WebhookResult[] = [];
  said: string[] = [];
  error: string | null = null;
  freeze: Pause | null = null;
  runs: RunningTrial[] = [];
  state = { ready: true, why: 'the lease is held and every enrolled recipe was observed' };
  exposition = '# HELP reconciler_leader Whether.\n# TYPE reconciler_leader gauge\nreconciler_leader 1\n';
  upstreams = new Map<string, string>();

  constructor(rows: Row[] = everyKind()) {
    this.rows = rows;
    for (const { recipe } of rows)
      this.upstreams.set(recipe, `https://git.coopcloud.tech/coop-cloud/${recipe}.git`);
    this.stored.set('keycloak', redTrials());
    this.stored.set(
      'gitea',
      greenTrials('gitea', ['3.6.0+1.24.2-rootless', '3.5.3+1.24.2-rootless', '3.5.2+1.24.1-rootless']),
    );
  }

  /** As it is while `matrix-synapse` is upgraded. */
  runOne(): void {
    const trial = openTrial();
    this.stored.set(trial.recipe, [
      trial,
      ...greenTrials(trial.recipe, ['6.3.1+v1.130.0', '6.3.0+v1.129.0']),
    ]);
    this.runs = [{ recipe: trial.recipe, trial: trial.id, step: 'upgrade' }];
  }

  status(): StatusReport {
    const last = {
      startedAt: before(190_000),
      observedAt: before(180_000),
      program: PROGRAM,
      disk: {
        allocatedBytes: this.rows.reduce((sum, row) => sum + row.allocatedBytes, 0),
        budgetBytes: 200 * 1024 ** 3,
      },
      freeze: this.freeze,
      enrolled: this.rows.map(({ recipe }) => recipe),
      recipes: this.rows,
    };
    return statusReport(this.error === null ? last : { ...last, error: this.error });
  }

  async explain(recipe: string): Promise<ExplainedRecipe | null> {
    const row = this.rows.find((each) => each.recipe === recipe);
    if (row === undefined) return null;
    const freeze = standing(this.freeze, NOW);
    return { ...explanationOf(row, await this.trials(recipe)), freeze };
  }

  async trials(recipe: string): Promise<TrialRecord[]> {
    return this.stored.get(recipe) ?? [];
  }

  async trial(id: string): Promise<TrialRecord | null> {
    return [...this.stored.values()].flat().find((trial) => trial.id === id) ?? null;
  }

  async failureTail({ steps }: TrialRecord): Promise<readonly string[]> {
    return steps.some(({ ok }) => ok === false) ? LOG_TAIL : [];
  }

  running(): RunningTrial[] {
    return this.runs;
  }

  readiness(): { ready: boolean; why: string } {
    return this.state;
  }

  want(recipe: string, cause: 'person' | 'webhook'): boolean {
    if (!this.rows.some((row) => row.recipe === recipe)) return false;
    this.wanted.push({ recipe, cause });
    return true;
  }

  recipesAt(urls: readonly string[]): string[] {
    const manifests = [...this.upstreams].map(([name, upstream]) => ({ name, upstream, mirror: null }));
    return placesOf(manifests).recipesAt(urls);
  }

  async metrics(): Promise<{ contentType: string; text: string }> {
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: this.exposition };
  }

  countWebhook(result: WebhookResult): void {
    this.webhooks.push(result);
  }

  notices(): string[] {
    return this.said;
  }

  /** A row became another one. */
  change(recipe: string, change: Partial<Row>, type: OperatorEvent['type'] = 'decision'): void {
    this.rows = this.rows.map((row) => (row.recipe === recipe ? { ...row, ...change } : row));
    this.events.publish({ type, recipe, at: before(0), data: {} });
  }
}
