/**
 * Looks into documents that no schema has accepted. Rules over several keys are judged on these, so that one wrong
 * key never hides what else is wrong.
 */
import type { Path } from './position.ts';

export function rawAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = Reflect.get(here, step);
  }
  return here;
}

export function rawText(value: unknown, path: Path): string | null {
  const found = rawAt(value, path);
  return typeof found === 'string' ? found : null;
}

function rawList(value: unknown, path: Path): readonly unknown[] {
  const found = rawAt(value, path);
  return Array.isArray(found) ? found : [];
}

export interface NamedEntry {
  name: string;
  path: Path;
}

/** The names in a list whose entries are a name, or a mapping with one. */
export function rawNames(value: unknown, path: Path): NamedEntry[] {
  return rawList(value, path).flatMap((entry, index) => {
    if (typeof entry === 'string') return [{ name: entry, path: [...path, index] }];
    const name = rawText(entry, ['name']);
    return name === null ? [] : [{ name, path: [...path, index, 'name'] }];
  });
}

/** A copy with another value at a path that exists; null mappings on the way are left alone. */
export function replaced(value: unknown, path: Path, replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (typeof value !== 'object' || value === null) return value;
  return { ...value, [step]: replaced(Reflect.get(value, step), rest, replacement) };
}
