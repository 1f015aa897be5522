/** `reconcile rebuild RECIPE`: the canonical's data is distrusted; it is built anew at the next opportunity. */
import { CannotRun } from '../reconciler/errors.ts';
import { ask, report } from './ask.ts';
import type { Context, ExitCode } from './context.ts';
import { lookAt, nextDecision } from './look-at.ts';

export async function rebuild(context: Context, recipe: string): Promise<ExitCode> {
  const { reader, decision, now } = await lookAt(context, recipe);
  if (decision.canonical === null) {
    const message = `${recipe} has no canonical to rebuild: it is ${decision.decision} (${decision.reason}): ${decision.message}`;
    throw new CannotRun(message, { hint: `see "reconcile explain ${recipe}"` });
  }
  const { generation } = decision.canonical;
  const wish = { verb: 'rebuild', recipe, generation, at: now.toISOString() } as const;
  const response = await ask(context, reader.layout, wish);
  return report(context, wish, response, await nextDecision(context, recipe, response));
}
