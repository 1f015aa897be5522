// One JSON file. An entries.txt of release 1.0 is taken over at the first start.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function openStore(folder) {
  const file = join(folder, 'entries.json');
  takeOver(join(folder, 'entries.txt'), file);
  const all = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);
  return { all, add: (entry) => save(file, [...all(), entry]) };
}

function takeOver(old, file) {
  if (!existsSync(old)) return;
  const lines = readFileSync(old, 'utf8').split('\n').filter(Boolean);
  const entries = lines.map((line) => {
    const [author, text] = line.split('\t');
    return { author, text };
  });
  save(file, entries);
  rmSync(old);
  console.log(`took over ${entries.length} entries of entries.txt`);
}

function save(file, entries) {
  writeFileSync(`${file}.new`, JSON.stringify(entries, null, 2));
  renameSync(`${file}.new`, file);
}
