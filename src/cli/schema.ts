/** `reconcile schema recipe|reconciler`: JSON Schema of a manifest, for editors and other programs. */
import { CannotRun } from '../reconciler/errors.ts';
import type { Context, ExitCode } from './context.ts';
import { json } from './text.ts';

export async function schema(context: Context, kind: string): Promise<ExitCode> {
  if (kind !== 'recipe' && kind !== 'reconciler') {
    throw new CannotRun(`there is no schema "${kind}"`, { hint: 'name recipe or reconciler' });
  }
  const { jsonSchema } = await import('../desired/json-schema.ts');
  context.out.write(json(jsonSchema(kind)));
  return 0;
}
