/** The folder of this package, from wherever in it this code came to lie: as source, or built into some file. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`${import.meta.url} lies in no package`);
    folder = above;
  }
  return folder;
}
