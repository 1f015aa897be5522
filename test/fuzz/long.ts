/**
 * Every property for as long as it is given: `FUZZ_SECONDS`, shared among them; their corpora come on top. What was tried goes, a line for each
 * property, into the file `FUZZ_RESULTS`, which scripts/fuzz.mjs prints at the end.
 */
import { appendFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { PROPERTIES } from './properties.ts';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? '60');
const results = process.env['FUZZ_RESULTS'] ?? '/dev/null';
const timeMs = seconds * 1000;
const shares = PROPERTIES.reduce((sum, { share }) => sum + share, 0);

it.each(PROPERTIES)('$name', { timeout: timeMs + 600_000 }, async ({ name, share, corpus, open }) => {
  const opened = await open();
  try {
    for (const each of corpus) await opened.try(each);
    const { cases, seed, failure } = await opened.search({
      runs: Number.MAX_SAFE_INTEGER,
      timeMs: (timeMs * share) / shares,
    });
    const line = { name, corpus: corpus.length, cases, seed, failed: failure !== null };
    await appendFile(results, `${JSON.stringify(line)}\n`);
    expect(failure).toBeNull();
  } finally {
    await opened.close();
  }
});
