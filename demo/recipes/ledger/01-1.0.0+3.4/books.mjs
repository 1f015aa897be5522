// One line per entry in books.csv: cents, comma, what it was for.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export function openBooks(folder) {
  const file = join(folder, 'books.csv');
  return {
    all() {
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => {
        const comma = line.indexOf(',');
        return { what: line.slice(comma + 1), cents: Number(line.slice(0, comma)) };
      });
    },
    add({ what, cents }) {
      appendFileSync(file, `${cents},${what.replaceAll(/\s+/g, ' ')}\n`);
    },
  };
}
