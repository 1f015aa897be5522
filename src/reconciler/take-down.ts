/**
 * Taking down everything of a trial, however it ended (invariant I8). Every part is tried, whatever became of the
 * others, and what failed is said together.
 */
import { describe, Fenced, TrialFault } from './errors.ts';
import type { Work } from './ports.ts';
import { workOn, type TrialRun } from './trial-run.ts';

export async function takeDown(run: TrialRun, work: Work): Promise<void> {
  const { driver } = run.ports;
  const failures: string[] = [];
  const attempt = async (part: () => Promise<unknown>): Promise<void> => {
    try {
      await part();
    } catch (error) {
      if (error instanceof Fenced || run.workspace.lost.aborted) throw error;
      failures.push(describe(error));
    }
  };
  const apps = workOn(run, 'apps', work);
  await Promise.all([...run.stacks].map((stack) => attempt(() => driver.undeploy(stack, apps))));
  await attempt(() => driver.reap(run.workspace.mark, run.workspace.folder));
  for (const address of run.addresses) await attempt(() => address.release());
  // By its folder what did not go is found again: so the folder stays, for recovery to begin with.
  if (failures.length === 0) await attempt(() => run.workspace.discard());
  await attempt(() => tidyGenerations(run, work));
  if (failures.length > 0) throw new TrialFault('infra', 'teardown-failed', failures.join('; '));
}

async function tidyGenerations({ ports, trial }: TrialRun, work: Work): Promise<void> {
  const record = await ports.registry.record(trial.recipe);
  if (!record.readable) throw new Error(`kept generations are left as they are: ${record.why}`);
  await ports.promotion.tidy(trial.recipe, record.value, work);
}
