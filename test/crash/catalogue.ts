/** The catalogue of points: a file that names every effect of some passes, one in a line. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { isFleeting, type Prepared } from './cases.ts';

export async function expectCatalogued(file: string, prepared: readonly Prepared[]): Promise<void> {
  const place = new URL(file, import.meta.url);
  const found = new Set(
    prepared.flatMap(({ points }) => [...points.keys()]).filter((each) => !isFleeting(each)),
  );
  const lines = [...found].toSorted().join('\n');
  if (process.env['CRASH_CATALOGUE'] === 'write') await writeFile(place, `${lines}\n`);
  expect(lines.split('\n')).toEqual((await readFile(place, 'utf8')).trimEnd().split('\n'));
}
