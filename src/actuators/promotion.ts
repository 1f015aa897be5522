/**
 * Promotion's effects: a finished generation is renamed to its lasting place, and then the record is replaced as a
 * whole and read back (invariants I1, I3). Between the two the record still names the old generation, complete.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { TrialFault } from '../reconciler/errors.ts';
import type { CanonicalRecord, GenerationDocument } from '../reconciler/model.ts';
import type { Driver, Promotion, Work } from '../reconciler/ports.ts';
import { GENERATION_FILE, TRIAL_FILE, type Layout } from '../state/layout.ts';
import { faultIn, readRecord } from '../state/record.ts';
import { isMissing, type Term } from '../state/term.ts';

/** Trials that stay, besides those that a kept generation came from. */
const TRIALS_KEPT = 20;

/** What of a `generation.json` says that its folder is ours to remove. */
const Made = z.object({
  recipe: z.string(),
  generation: z.number(),
  version: z.string(),
  stack: z.string(),
  driver: z.string(),
});

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
  const named = new Set([record?.generation ?? null, ...(record?.kept ?? [])]);
  for (const name of await namesIn(layout.generations(recipe))) {
    const number = Number(name);
    if (named.has(number)) continue;
    const folder = join(layout.generations(recipe), name);
    const document = Made.safeParse(await readJson(join(folder, GENERATION_FILE))).data;
    if (document?.recipe !== recipe || document.generation !== number) {
      work.log.note(`${folder} is left alone: nothing in it says that this program made it`);
      continue;
    }
    if (document.driver === driver.kind) await driver.remove({ stack: document.stack, folder }, work);
    await term.discard(folder);
    work.log.note(`removed generation ${number} (${document.version}): no record names it`);
  }
}

async function tidyTrials(
  recipe: string,
  record: CanonicalRecord | null,
  { layout, term }: PromotionOptions,
  work: Work,
): Promise<void> {
  const numbered = (await namesIn(layout.trials(recipe)))
    .map((id) => ({ id, number: Number(id.slice(id.lastIndexOf('-') + 1)) }))
    .filter(({ number }) => Number.isSafeInteger(number))
    .toSorted((a, b) => b.number - a.number);
  const cameFrom = new Set([record?.generation ?? null, ...(record?.kept ?? [])]);
  for (const { id, number } of numbered.slice(TRIALS_KEPT)) {
    if (cameFrom.has(number) || (await readJson(join(layout.trial(recipe, id), TRIAL_FILE))) === null)
      continue;
    await term.discard(layout.trial(recipe, id));
    work.log.note(`removed trial ${id}: ${TRIALS_KEPT} newer ones are kept`);
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Null where it is absent or not JSON: either way nothing that may be removed on its word. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}
