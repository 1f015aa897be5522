/**
 * Promotion's effects: a finished generation is renamed to its lasting place, and then the record is replaced as a
 * whole and read back (invariants I1, I3). Between the two the record still names the old generation, complete.
 */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { TrialFault } from '../reconciler/errors.ts';
import type { CanonicalRecord, GenerationDocument } from '../reconciler/model.ts';
import type { Driver, Promotion, Work } from '../reconciler/ports.ts';
import { GENERATION_FILE, type Layout } from '../state/layout.ts';
import {
  entriesIn,
  generationEntries,
  namedBy,
  surplusTrials,
  TRIALS_KEPT,
  unclaimedHomes,
} from '../state/made.ts';
import { faultIn, readRecord } from '../state/record.ts';
import type { Term } from '../state/term.ts';

interface PromotionOptions {
  layout: Layout;
  term: Term;
  driver: Driver;
}

export function filePromotion(options: PromotionOptions): Promotion {
  return {
    settle: (staged, document) => settle(staged, document, options),
    promote: (record) => promote(record, options),
    tidy: async (recipe, record, work) => {
      await tidyGenerations(recipe, record, options, work);
      await tidyHeld(recipe, record, options, work);
      await tidyTrials(recipe, record, options, work);
    },
  };
}

async function settle(staged: string, document: GenerationDocument, { layout, term }: PromotionOptions) {
  await term.write(join(staged, GENERATION_FILE), `${JSON.stringify(document, null, 2)}\n`);
  await term.place(staged, layout.generation(document.recipe, document.generation));
}

async function promote(
  record: CanonicalRecord,
  { layout, term }: PromotionOptions,
): Promise<CanonicalRecord> {
  const path = layout.record(record.recipe);
  const fault = faultIn(record);
  if (fault !== null) {
    // Rather no new record than one that no look could read again.
    throw new TrialFault(
      'infra',
      'record-unfit',
      `the new record of ${record.recipe} would not be readable: ${fault}`,
    );
  }
  await term.write(path, `${JSON.stringify(record, null, 2)}\n`);
  const stored = await readRecord(path, record.recipe);
  if (!stored.readable || !isDeepStrictEqual(stored.value, record)) {
    const why = stored.readable ? 'it holds something else' : stored.why;
    throw new TrialFault('infra', 'promotion-not-read-back', `${path} was written and not read back: ${why}`);
  }
  return record;
}

/** Only folders that this program made, which their `generation.json` says, are ever removed. */
async function tidyGenerations(
  recipe: string,
  record: CanonicalRecord | null,
  { layout, term, driver }: PromotionOptions,
  work: Work,
): Promise<void> {
  for (const { path, made } of await generationEntries(layout, recipe, namedBy(record))) {
    if (made === null) {
      work.log.note(`${path} is left alone: nothing in it says that this program made it`);
      continue;
    }
    if (made.driver === driver.kind) await driver.remove({ stack: made.stack, folder: path }, work);
    await term.discard(path);
    work.log.note(`removed generation ${made.generation} (${made.version}): no record names it`);
  }
}

/** What the driver keeps outside of folders, of trials that came to nothing. */
async function tidyHeld(
  recipe: string,
  record: CanonicalRecord | null,
  { layout, term, driver }: PromotionOptions,
  work: Work,
): Promise<void> {
  const held = await driver.held(recipe);
  if (!held.readable) throw new Error(held.why);
  for (const home of await unclaimedHomes(layout, recipe, namedBy(record), held.value)) {
    await term.assertHeld();
    await driver.remove({ stack: home.stack, folder: layout.generations(recipe) }, work);
    work.log.note(`removed what ${home.stack} left (${home.volumes.join(', ')}): it is no generation's`);
  }
}

async function tidyTrials(
  recipe: string,
  record: CanonicalRecord | null,
  { layout, term }: PromotionOptions,
  work: Work,
): Promise<void> {
  const stored = await entriesIn(layout.trials(recipe));
  for (const id of await surplusTrials(layout, recipe, namedBy(record), stored)) {
    await term.discard(layout.trial(recipe, id));
    work.log.note(`removed trial ${id}: ${TRIALS_KEPT} newer ones are kept`);
  }
}
