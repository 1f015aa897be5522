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
    open: (trial) => openTrial(layout, term, trial),
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

/** The folder comes with its file in it: one without would be nobody's. */
async function openTrial(layout: Layout, term: Term, trial: TrialRecord): Promise<void> {
  const folder = await term.makeFolder(trial.id, 0o755);
  await term.write(join(folder, TRIAL_FILE), textOf(trial));
  await term.place(folder, layout.trial(trial.recipe, trial.id));
}

export async function saveTrial(layout: Layout, term: Term, trial: TrialRecord): Promise<void> {
  const path = join(layout.trial(trial.recipe, trial.id), TRIAL_FILE);
  await term.write(path, textOf(trial));
}

function textOf(trial: TrialRecord): string {
  return `${JSON.stringify(trial, null, 2)}\n`;
}
