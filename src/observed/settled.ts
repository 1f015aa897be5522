/**
 * Whether a recipe is as it was when a pass found it settled, without reading what it stores: by what the system says of
 * its files and folders, and, as at every look, by what the driver finds of its volumes.
 *
 * What is written twice within one step of the file system's clock may look the same after the second time. So nothing is
 * remembered of what was changed shortly before it was read, or since.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Settled, Trace, TracedGeneration } from '../reconciler/model.ts';
import type { Driver, ReadOfRecipe, SettledRecipes } from '../reconciler/ports.ts';
import { GENERATION_FILE, TRIAL_FILE, type Layout } from '../state/layout.ts';
import { entriesIn } from '../state/made.ts';
import { staleLocks } from '../state/mirror-locks.ts';
import { giveTurn } from '../turns.ts';
import { expectedOf } from './generations.ts';
import type { PassesFile } from './passes.ts';

/** Far longer than the step of any file system's clock. */
const SHORTLY_MS = 2000;

const NOTHING: ReadonlyMap<string, Settled> = new Map();

interface SettledOptions {
  layout: Layout;
  driver: Driver;
  passes: PassesFile;
  /** A file that whoever acts writes again and again: its time is the file system's. None where nothing is to be remembered. */
  beat: string | null;
}

export function settledRecipes(options: SettledOptions): SettledRecipes {
  const { layout, passes, beat } = options;
  return {
    recall: async ({ memory }, now) => {
      const stored = memory === null ? null : await passes.settled();
      if (memory === null || stored === null || stored.by !== memory.digest) return NOTHING;
      // A clock that was set back may give times that were given before.
      return Date.parse(stored.at) > now.getTime() ? NOTHING : stored.recipes;
    },
    isUnchanged: async (recipe, trace, atWork) => {
      try {
        await giveTurn();
        if (filesOf(recipe, trace, layout).digest !== trace.files) return false;
        if (!atWork && (await staleLocks(layout.mirror(recipe))).length > 0) return false;
        return await areGenerationsUnchanged(recipe, trace, options);
      } catch {
        // Whoever looks at it in full says what is wrong.
        return false;
      }
    },
    lately: () => {
      const status = beat === null ? undefined : statSync(beat, { throwIfNoEntry: false });
      return status?.ctime ?? null;
    },
    trace: async (read, since) => {
      try {
        return await traceOf(read, since, options);
      } catch {
        return null;
      }
    },
  };
}

async function traceOf(
  { record, generations, trials }: ReadOfRecipe,
  since: Date,
  { layout, driver }: SettledOptions,
): Promise<Trace | null> {
  const { recipe } = record;
  const ids = trials.map(({ id }) => id);
  const stored = await entriesIn(layout.trials(recipe));
  if (stored.length !== ids.length) return null;
  const traced: TracedGeneration[] = [];
  for (const { generation, document, bytes, allocatedBytes } of generations) {
    // Of another driver's data nothing was looked at.
    if (document === null || document.driver !== driver.kind) return null;
    const { volumes, secrets } = expectedOf(record, generation, document);
    traced.push({ generation, stack: document.stack, volumes, secrets, bytes, allocatedBytes });
  }
  const { digest, newest } = filesOf(recipe, { trials: ids, generations: traced }, layout);
  if (newest > since.getTime() - SHORTLY_MS) return null;
  return { files: digest, trials: ids, generations: traced };
}

/** Everything of a recipe that a look lists or reads, but for volumes; and when any of it was changed last. */
function filesOf(
  recipe: string,
  { trials, generations }: Pick<Trace, 'trials' | 'generations'>,
  layout: Layout,
): { digest: string; newest: number } {
  const paths = [
    layout.recipe(recipe),
    layout.record(recipe),
    layout.memory(recipe),
    layout.trials(recipe),
    ...trials.map((id) => join(layout.trial(recipe, id), TRIAL_FILE)),
    layout.generations(recipe),
    ...generations.map(({ generation }) => join(layout.generation(recipe, generation), GENERATION_FILE)),
  ];
  let [facts, newest] = ['', 0];
  for (const path of paths) {
    const { dev, ino, mode, size, mtimeNs, ctimeNs, ctimeMs } = statSync(path, { bigint: true });
    facts += `${dev} ${ino} ${mode} ${size} ${mtimeNs} ${ctimeNs}\n`;
    newest = Math.max(newest, Number(ctimeMs));
  }
  return { digest: createHash('sha256').update(facts).digest('base64'), newest };
}

async function areGenerationsUnchanged(
  recipe: string,
  { generations }: Trace,
  { layout, driver }: SettledOptions,
): Promise<boolean> {
  for (const { generation, stack, volumes, secrets, ...sizes } of generations) {
    const home = { stack, folder: layout.generation(recipe, generation) };
    const { damage, bytes, allocatedBytes } = await driver.inspect(home, { volumes, secrets });
    const isSame = bytes === sizes.bytes && allocatedBytes === sizes.allocatedBytes;
    if (damage.length > 0 || !isSame) return false;
  }
  return true;
}
