// One line of text per entry: author, tab, text.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export function openStore(folder) {
  const file = join(folder, 'entries.txt');
  return {
    all() {
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => {
        const [author, text] = line.split('\t');
        return { author, text };
      });
    },
    add({ author, text }) {
      const line = [author, text].map((part) => part.replaceAll(/\s+/g, ' ')).join('\t');
      appendFileSync(file, `${line}\n`);
    },
  };
}
