/** One recipe as it is now, for commands that speak of it, and what its next decision is once they were obeyed. */
import type { Reader } from '../composition.ts';
import { CannotRun } from '../reconciler/errors.ts';
import { look } from '../reconciler/look.ts';
import type { Decision } from '../reconciler/model.ts';
import type { RecipeView } from '../reconciler/view.ts';
import type { Response } from './ask.ts';
import type { Context } from './context.ts';

interface LookedAt {
  reader: Reader;
  view: RecipeView;
  decision: Decision;
  now: Date;
}

export async function lookAt(context: Context, recipe: string): Promise<LookedAt> {
  const { openReader } = await context.parts();
  const reader = await openReader(await context.settings());
  await reader.inspections.anew([recipe]);
  const found = await look(reader, [recipe], { retryFailed: false }, context.stop);
  const [view, decision] = [found.view.recipes.get(recipe), found.decisions.get(recipe)];
  if (view === undefined || decision === undefined) {
    throw new CannotRun(found.error ?? `no recipe is called "${recipe}"`);
  }
  return { reader, view, decision, now: found.now };
}

/** Read back rather than foretold; null where the request was not obeyed yet. */
export async function nextDecision(
  context: Context,
  recipe: string,
  { state }: Response,
): Promise<Pick<Decision, 'decision' | 'reason' | 'message'> | null> {
  if (state === 'left') return null;
  const { decision, reason, message } = (await lookAt(context, recipe)).decision;
  return { decision, reason, message };
}
