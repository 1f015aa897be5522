/** How much lies in a file or folder. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { entriesIn } from '../state/made.ts';

/** Null where not all of it could be read: a part would look like the whole. */
export async function bytesIn(path: string): Promise<number | null> {
  try {
    const entry = lstatSync(path);
    if (!entry.isDirectory()) return entry.size;
    let total = 0;
    for (const { name } of await entriesIn(path)) {
      const inside = await bytesIn(join(path, name));
      if (inside === null) return null;
      total += inside;
    }
    return total;
  } catch {
    return null;
  }
}
