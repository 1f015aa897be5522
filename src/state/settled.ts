/**
 * What is remembered of settled recipes, as it stands in `passes.json`: beside their rows and not with them again. Who
 * writes it and who reads it go by these two functions, and a check sum tells whatever else was done to it.
 */
import { createHash } from 'node:crypto';
import type { Row, Settled } from '../reconciler/model.ts';

export interface StoredSettled {
  /** The digest of the manifests, and of the program, under which it holds. */
  by: string;
  at: string;
  recipes: readonly Entry[];
  check: string;
}

export type Entry = Omit<Settled, 'row'> & { recipe: string };

export function packSettled(by: string, at: string, settled: ReadonlyMap<string, Settled>): StoredSettled {
  const entries = [...settled].map(([recipe, { upstream, mirror, trace }]) => ({
    recipe,
    upstream,
    mirror,
    trace,
  }));
  const rows = [...settled.values()].map(({ row }) => row);
  return { by, at, recipes: entries, check: checkOf(by, at, entries, rows) };
}

/** Null where it is not what was packed, or a row is missing. */
export function unpackSettled(
  { by, at, recipes, check }: StoredSettled,
  rows: ReadonlyMap<string, Row>,
): Map<string, Settled> | null {
  const settled = new Map<string, Settled>();
  for (const { recipe, ...known } of recipes) {
    const row = rows.get(recipe);
    if (row === undefined) return null;
    settled.set(recipe, { row, ...known });
  }
  const found = [...settled.values()].map(({ row }) => row);
  return checkOf(by, at, recipes, found) === check ? settled : null;
}

function checkOf(by: string, at: string, entries: readonly Entry[], rows: readonly Row[]): string {
  return createHash('sha256')
    .update(JSON.stringify([by, at, entries, rows]))
    .digest('base64');
}
