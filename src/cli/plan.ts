/** `reconcile plan [RECIPE…]`: what `--once` would do, and why. Writes nothing anywhere. */
import { look, planReport } from '../reconciler/look.ts';
import type { Context, ExitCode } from './context.ts';
import { printReport } from './report.ts';

export async function plan(
  context: Context,
  request: { recipes: readonly string[]; retryFailed: boolean },
): Promise<ExitCode> {
  const { openReader } = await context.parts();
  const reader = await openReader(await context.settings());
  await reader.inspections.anew(request.recipes);
  const found = await look(reader, request.recipes, { ...request, recalls: true }, context.stop);
  const report = planReport(found, reader.program);
  printReport(context.out, context.err, report, context.options.json);
  return report.exitCode;
}
