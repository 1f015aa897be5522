/**
 * Recipes that no manifest names and of which something is stored: a canonical, or, where a recipe was removed or renamed
 * before it had one, only its mirror and its trials. All of them are shown, for somebody may have to let go of them.
 */
import type { Fleet, Holding, Reading } from './model.ts';
import type { Registry } from './ports.ts';

/**
 * Those among the folders. The folders must have been listed before the manifests were read: what a recipe that is enrolled
 * in between comes to store is no orphan's.
 */
export async function orphansAmong(
  folders: Reading<readonly string[]>,
  { manifests, invalid }: Pick<Fleet, 'manifests' | 'invalid'>,
  registry: Pick<Registry, 'isStored'>,
): Promise<Reading<readonly string[]>> {
  if (!folders.readable) return folders;
  const named = new Set([...manifests, ...invalid].map(({ name }) => name));
  const orphans: string[] = [];
  for (const name of folders.value)
    if (!named.has(name) && (await registry.isStored(name))) orphans.push(name);
  return { readable: true, value: orphans };
}

/** What of an orphan without a canonical is stored. */
export function holdingsInWords(recipe: string, holdings: readonly Holding[]): string {
  const count = holdings.filter(({ where }) => where.startsWith(`${recipe}/trials/`)).length;
  const trials = count === 0 ? [] : [count === 1 ? '1 trial' : `${count} trials`];
  const mirror = holdings.some(({ where }) => where === `${recipe}/mirror.git`) ? ['its mirror'] : [];
  const parts = [...mirror, ...trials];
  return parts.length === 0 ? 'what is remembered of it' : parts.join(' and ');
}
