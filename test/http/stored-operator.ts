/** An operator over what the built program stored: everything that it shows was made by the real thing. */
import { pino } from 'pino';
import { openReader, type Reader, type Settings } from '../../src/composition.ts';
import { EventFeed } from '../../src/http/event-feed.ts';
import type { ExplainedRecipe, Operator } from '../../src/http/operator.ts';
import { readFailureTail } from '../../src/observed/logs.ts';
import { readPasses } from '../../src/observed/passes.ts';
import { explain } from '../../src/reconciler/explain.ts';
import { look } from '../../src/reconciler/look.ts';
import type { TrialRecord } from '../../src/reconciler/model.ts';
import { freezeOf } from '../../src/reconciler/report.ts';
import { statusReport } from '../../src/status-report.ts';

export async function storedOperator(manifests: string, state: string): Promise<Operator> {
  const settings: Settings = {
    manifests,
    state,
    log: pino({ level: 'silent' }),
    upstreamTimeoutMs: 10_000,
    transferTimeoutMs: 10_000,
    engineTimeoutMs: 10_000,
    leaseTtlMs: 30_000,
    requestPatienceMs: 5_000,
  };
  const reader = await openReader(settings);
  const passes = await readPasses(reader.layout);
  if (!passes.readable || passes.value === null) throw new Error('no pass was stored');
  const { last } = passes.value;
  const trialsOf = async (recipe: string): Promise<readonly TrialRecord[]> => {
    const trials = await reader.registry.trials(recipe);
    return trials.readable ? trials.value : [];
  };
  return {
    status: () => statusReport(last),
    explain: (recipe) => explained(reader, recipe),
    trials: trialsOf,
    trial: async (id) => {
      const all = await Promise.all(last.recipes.map(({ recipe }) => trialsOf(recipe)));
      return all.flat().find((trial) => trial.id === id) ?? null;
    },
    failureTail: (trial) => readFailureTail(reader.layout, trial),
    running: () => [],
    readiness: () => ({ ready: true, why: 'what is stored was read' }),
    want: () => false,
    recipesAt: () => [],
    events: new EventFeed(),
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    countWebhook: () => undefined,
    notices: () => [],
  };
}

async function explained(reader: Reader, recipe: string): Promise<ExplainedRecipe | null> {
  const found = await look(reader, [recipe], { retryFailed: false }, AbortSignal.timeout(30_000));
  const around = { onTrial: null, freeze: freezeOf(found.view) };
  const explanation = explain(recipe, found, around);
  if (explanation === null) return null;
  const logTail = await readFailureTail(reader.layout, explanation.lastTrial);
  return { ...explanation, logTail };
}
