/** `reconcile validate [FILE…]`: manifests only; touches nothing else. */
import { oneLine, printable } from '../printable.ts';
import type { Context, ExitCode } from './context.ts';
import { json, paint } from './text.ts';

export async function validate(context: Context, files: readonly string[]): Promise<ExitCode> {
  const { validate: validateFiles, formatProblem } = await import('../desired/validate.ts');
  const { options, out, err } = context;
  const targets = files.length === 0 ? [options.manifests] : files;
  const result = await validateFiles(targets);
  const empty = result.recipes.length === 0 && result.problems.length === 0;
  const exitCode = result.problems.length > 0 || empty ? 1 : 0;
  const error = whyInvalid(result.problems.length, empty, targets);
  if (options.json) {
    const verdict = { apiVersion: 'reconcile/v1', kind: 'Validation', exitCode, valid: exitCode === 0 };
    out.write(json({ ...verdict, ...(error === null ? {} : { error }), ...result }));
    return exitCode;
  }
  for (const problem of result.problems) out.write(`${oneLine(formatProblem(problem))}\n`);
  if (empty && error !== null) err.write(`${paint(err, 'red', 'error:')} ${printable(error)}\n`);
  const { problems, recipes } = result;
  out.write(`${result.files.length} files, ${recipes.length} valid recipes, ${problems.length} problems\n`);
  return exitCode;
}

function whyInvalid(problems: number, empty: boolean, targets: readonly string[]): string | null {
  if (empty) return `no manifest of a recipe was found in ${targets.join(', ')}`;
  return problems === 0
    ? null
    : `${problems} ${problems === 1 ? 'problem' : 'problems'} in ${targets.join(', ')}`;
}
