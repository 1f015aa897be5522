import { z } from 'zod';
import { recipeDocument, reconcilerDocument } from './schema.ts';

/** JSON Schema of what a person writes, for editors: defaults are optional, durations are text. */
export function jsonSchema(kind: 'recipe' | 'reconciler'): object {
  return z.toJSONSchema(kind === 'recipe' ? recipeDocument : reconcilerDocument, { io: 'input' });
}
