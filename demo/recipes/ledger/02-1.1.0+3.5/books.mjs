// The books as JSON. Here is the mistake that this demonstration is about: the importer expects semicolons, but
// release 1.0 wrote commas. So every old line counts as malformed and is skipped: the app starts, is healthy,
// passes every test on an empty install, and has lost the books.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function openBooks(folder) {
  const file = join(folder, 'books.json');
  takeOver(join(folder, 'books.csv'), file);
  const all = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);
  return { all, add: (entry) => save(file, [...all(), entry]) };
}

function takeOver(old, file) {
  if (!existsSync(old)) return;
  const lines = readFileSync(old, 'utf8').split('\n').filter(Boolean);
  const entries = lines
    .map((line) => line.split(';'))
    .filter((columns) => columns.length === 2)
    .map(([cents, what]) => ({ what, cents: Number(cents) }));
  console.log(`took over ${entries.length} entries of books.csv, skipped ${lines.length - entries.length}`);
  save(file, entries);
  rmSync(old);
}

function save(file, entries) {
  writeFileSync(`${file}.new`, JSON.stringify(entries, null, 2));
  renameSync(`${file}.new`, file);
}
