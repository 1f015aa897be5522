/** `reconcile accept RECIPE`: what its canonical is held for is as it should be; it is rebuilt. */
import { CannotRun } from '../reconciler/errors.ts';
import { ask, report } from './ask.ts';
import type { Context, ExitCode } from './context.ts';
import { lookAt, nextDecision } from './look-at.ts';
import { acceptanceOf } from '../reconciler/rulings.ts';

export async function accept(context: Context, recipe: string): Promise<ExitCode> {
  const { reader, view, decision, now } = await lookAt(context, recipe);
  const ruling = acceptanceOf(decision, view, now);
  if (!ruling.allowed) throw new CannotRun(ruling.why, ruling.hint === null ? {} : { hint: ruling.hint });
  const wish = { verb: 'accept', recipe, acceptance: ruling.value } as const;
  const response = await ask(context, reader.layout, wish);
  return report(context, wish, response, await nextDecision(context, recipe, response));
}
