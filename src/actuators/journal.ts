/** A trial's durable evidence: `trial.json`, and a log per step. */
import { join } from 'node:path';
import type { TrialRecord } from '../reconciler/model.ts';
import type { TrialJournal } from '../reconciler/ports.ts';
import { TRIAL_FILE, type Layout } from '../state/layout.ts';
import type { Term } from '../state/term.ts';
import { Concealed, openStepLog } from './step-log.ts';

export function fileJournal(layout: Layout, term: Term): TrialJournal {
  /** What one step learns to conceal, the later ones of its trial conceal too. */
  const concealed = new Map<string, Concealed>();
  return {
    save: async (trial) => {
      await saveTrial(layout, term, trial);
      if (trial.endedAt !== null) concealed.delete(trial.id);
    },
    log: (trial, step) => {
      const secrets = concealed.get(trial.id) ?? new Concealed();
      concealed.set(trial.id, secrets);
      return openStepLog(join(layout.trial(trial.recipe, trial.id), `${step}.log`), secrets, () =>
        term.isHeld(),
      );
    },
  };
}

export async function saveTrial(layout: Layout, term: Term, trial: TrialRecord): Promise<void> {
  const path = join(layout.trial(trial.recipe, trial.id), TRIAL_FILE);
  await term.write(path, `${JSON.stringify(trial, null, 2)}\n`);
}
