/** What the HTTP server shows of the loop, and asks of it: from what the loop knows, and from what is stored. */
import type { EventFeed } from '../http/event-feed.ts';
import type { ExplainedRecipe, Operator, RunningTrial } from '../http/operator.ts';
import { placesOf, type Places } from '../desired/places.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { readFailureTail } from '../observed/logs.ts';
import type { Controller } from '../reconciler/controller.ts';
import { explain, openStep } from '../reconciler/explain.ts';
import type { FleetConfig, Manifest, TrialRecord } from '../reconciler/model.ts';
import type { Registry } from '../reconciler/ports.ts';
import type { Layout } from '../state/layout.ts';
import { statusReport } from '../status-report.ts';

export interface LoopOperatorOptions {
  controller: Controller;
  registry: Registry;
  layout: Layout;
  metrics: Metrics;
  feed: EventFeed;
  /** Where it listens, as configured at its start. */
  server: FleetConfig['server'];
}

export function loopOperator(options: LoopOperatorOptions): Operator {
  const { controller, registry, layout, metrics, feed } = options;
  const { knowledge } = controller;
  const places = placesWhile(() => knowledge.belief.fleet.manifests);
  const trials = async (recipe: string): Promise<readonly TrialRecord[]> => {
    const read = await registry.trials(recipe);
    if (!read.readable) throw new Error(`the trials of ${recipe} cannot be read: ${read.why}`);
    return read.value;
  };
  return {
    status: () => {
      const { report, startedAt, enrolled } = controller.keeper.report();
      return statusReport({ ...report, startedAt, enrolled });
    },
    explain: (recipe) => explained(recipe, options),
    trials,
    trial: async (id) => {
      const recipe = recipeOf(id);
      const known = recipe !== null && knowledge.knows(recipe) ? await trials(recipe) : [];
      return known.find((trial) => trial.id === id) ?? null;
    },
    failureTail: (trial) => readFailureTail(layout, trial),
    running: () => controller.trials.running.map(runningOf),
    readiness: () => readinessOf(knowledge.unseen()),
    want: (recipe, cause) => {
      if (!knowledge.knows(recipe)) return false;
      controller.want(recipe, cause);
      return true;
    },
    recipesAt: (urls) => places().recipesAt(urls),
    events: feed,
    metrics: async () => {
      const { looks, trials: ofTrials, mirrors } = controller.queues;
      metrics.longestRunning('recipes', looks.longestRunningMs);
      metrics.longestRunning('trials', ofTrials.longestRunningMs);
      metrics.longestRunning('mirrors', mirrors.longestRunningMs);
      metrics.fleetIs(knowledge.fleetFacts(), new Date());
      return { contentType: metrics.contentType, text: await metrics.text() };
    },
    countWebhook: (result) => metrics.webhook(result),
    notices: () => noticesOf(options),
  };
}

async function explained(
  recipe: string,
  { controller, layout }: LoopOperatorOptions,
): Promise<ExplainedRecipe | null> {
  const { knowledge } = controller;
  const freeze = knowledge.config?.freeze ?? null;
  const around = { onTrial: controller.trials.runningOf(recipe), freeze };
  const explanation = explain(recipe, knowledge.found(new Date()), around);
  if (explanation === null) return null;
  return { ...explanation, logTail: await readFailureTail(layout, explanation.lastTrial) };
}

/** A trial's name begins with its time and ends with its generation. */
function recipeOf(id: string): string | null {
  return /^\d{8}T\d{6}Z-(.+)-\d+$/.exec(id)?.[1] ?? null;
}

function runningOf(trial: TrialRecord): RunningTrial {
  return { recipe: trial.recipe, trial: trial.id, step: openStep(trial) };
}

/** Contract: the lease is held wherever this runs; trials are not awaited. */
function readinessOf(unseen: readonly string[]): { ready: boolean; why: string } {
  if (unseen.length === 0) return { ready: true, why: 'every enrolled recipe was looked at' };
  const some = unseen.slice(0, 3).join(', ');
  return { ready: false, why: `${unseen.length} enrolled recipes were not looked at yet, such as ${some}` };
}

/** Found out once for each reading of the manifests: webhooks come by the thousands. */
function placesWhile(manifestsNow: () => readonly Manifest[]): () => Places {
  let known: { manifests: readonly Manifest[]; places: Places } | null = null;
  return () => {
    const manifests = manifestsNow();
    if (known?.manifests !== manifests) known = { manifests, places: placesOf(manifests) };
    return known.places;
  };
}

function noticesOf({ controller, server }: LoopOperatorOptions): string[] {
  const { unread, configKept, vanished, fleet } = controller.knowledge.belief;
  const { unstored } = controller.keeper;
  const notices: string[] = [];
  if (unstored !== null)
    notices.push(`Since ${unstored.since} nothing that is found can be stored: ${unstored.why}`);
  if (unread !== null) notices.push(`The manifests cannot be read, so what they said last stands: ${unread}`);
  if (configKept !== null)
    notices.push(
      `The Reconciler document cannot be used, so the last good one stays in force: ${configKept}`,
    );
  if (vanished !== null)
    notices.push(
      `${vanished.names.length} manifests vanished at once, and their recipes are held until that is confirmed: ` +
        vanished.names.join(', '),
    );
  const { config } = fleet;
  if (config.readable && JSON.stringify(config.value.server) !== JSON.stringify(server))
    notices.push('spec.server of the Reconciler document was changed: it takes a restart');
  return notices;
}
