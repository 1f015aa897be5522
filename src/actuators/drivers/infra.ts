/** Whose fault it is that a driver could not do something, where nobody said so: nobody's who wrote the recipe. */
import { describe, Fenced, TrialEnded, TrialFault } from '../../reconciler/errors.ts';

/** What already says whose fault it is stays; what was ended on purpose is none. `what`: to be done, as in "could not". */
export async function infra<T>(
  reason: string,
  what: string,
  signal: AbortSignal | null,
  body: () => Promise<T>,
): Promise<T> {
  try {
    return await body();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TrialFault || error instanceof TrialEnded || error instanceof Fenced) throw error;
    throw new TrialFault('infra', reason, `could not ${what}: ${describe(error)}`, { cause: error });
  }
}
