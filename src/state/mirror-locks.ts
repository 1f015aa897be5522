/** Locks and half-written objects that a killed git leaves in a mirror, where nobody but this program works. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { giveTurn } from '../turns.ts';
import { isMissing } from './term.ts';

/** Only of a mirror in which no git is at work: those of a living git are called the same. */
export async function staleLocks(mirror: string): Promise<string[]> {
  const stale = (await everythingIn(mirror)).filter((entry) => {
    const name = entry.slice(entry.lastIndexOf('/') + 1);
    return name.endsWith('.lock') || (entry.startsWith('objects/') && /^(tmp_|incoming-)/.test(name));
  });
  return stale.map((entry) => join(mirror, entry));
}

async function everythingIn(folder: string): Promise<string[]> {
  try {
    await giveTurn();
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
