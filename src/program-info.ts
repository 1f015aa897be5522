/** Which program this is: every trial names the version and the commit that it was built from. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Program } from './reconciler/model.ts';

const Build = z.object({ version: z.string(), commit: z.string() });

/** Stands beside the built program; running from source there is none, and no trial should pass for a build's. */
export function programInfo(): Program {
  try {
    return Build.parse(JSON.parse(readFileSync(new URL('build.json', import.meta.url), 'utf8')));
  } catch (error) {
    throw new Error('this program was not built: run "npm run build"', { cause: error });
  }
}
