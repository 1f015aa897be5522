/** Which program this is: every trial names the version and the commit that it was built from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from './package-root.ts';
import type { Program } from './reconciler/model.ts';

const Build = z.object({ version: z.string(), commit: z.string() });

/** Written by the build. Without one no trial could say what ran it. */
export function programInfo(): Program {
  try {
    return Build.parse(JSON.parse(readFileSync(join(packageRoot(), 'dist', 'build.json'), 'utf8')));
  } catch (error) {
    throw new Error('this program was not built: run "npm run build"', { cause: error });
  }
}
