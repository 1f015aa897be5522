// A file per entry and an index by author. The entries.json of release 1.1 is taken over at the first start.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function openStore(folder) {
  const entries = join(folder, 'entries');
  const index = join(folder, 'authors.json');
  const store = {
    all: () =>
      readdirSync(entries)
        .toSorted()
        .map((name) => readJson(join(entries, name))),
    by: (author) => (readJson(index)[author] ?? []).map((name) => readJson(join(entries, name))),
    add(entry) {
      const name = `${String(readdirSync(entries).length + 1).padStart(6, '0')}.json`;
      writeJson(join(entries, name), entry);
      const authors = readJson(index);
      writeJson(index, { ...authors, [entry.author]: [...(authors[entry.author] ?? []), name] });
    },
  };
  mkdirSync(entries, { recursive: true });
  if (!existsSync(index)) writeJson(index, {});
  takeOver(join(folder, 'entries.json'), store);
  return store;
}

function takeOver(old, store) {
  if (!existsSync(old)) return;
  const entries = readJson(old);
  for (const entry of entries) store.add(entry);
  rmSync(old);
  console.log(`took over ${entries.length} entries of entries.json`);
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

function writeJson(file, content) {
  writeFileSync(`${file}.new`, JSON.stringify(content, null, 2));
  renameSync(`${file}.new`, file);
}
