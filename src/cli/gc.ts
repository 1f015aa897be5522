/**
 * `reconcile gc [--dry-run]`: removes what no record names and this program made. What it says was removed is what
 * was there before and is not there any more, whoever removed it (invariant I3).
 */
import { existsSync } from 'node:fs';
import { size, sum } from '../amounts.ts';
import { printable } from '../printable.ts';
import { CannotRun } from '../reconciler/errors.ts';
import { allLeftovers, takeInventory, type Inventory } from '../reconciler/inventory.ts';
import type { Leftover } from '../reconciler/model.ts';
import { ask, head } from './ask.ts';
import type { Context, ExitCode, Output } from './context.ts';
import { json, paint, table } from './text.ts';

interface Collection {
  dryRun: boolean;
  /** With `dryRun`: what would be. */
  removed: Leftover[];
  /** Ours, and still there: nobody could remove it, or nobody has yet. */
  stillThere: Leftover[];
  leftAlone: Leftover[];
  unreadable: { recipe: string | null; why: string }[];
}

export async function gc(context: Context, { dryRun }: { dryRun: boolean }): Promise<ExitCode> {
  const { openReader } = await context.parts();
  const { layout, registry } = await openReader(await context.settings());
  if (!existsSync(layout.root)) {
    const hint = 'name it with --state DIR or $RECONCILE_STATE';
    throw new CannotRun(`there is no state folder ${layout.root}`, { hint });
  }
  const before = await takeInventory(registry);
  const ours = allLeftovers(before).filter((leftover) => leftover.ours);
  if (dryRun || ours.length === 0) return report(context, compare(before, null, dryRun), {});
  const wish = { verb: 'gc' } as const;
  const response = await ask(context, layout, wish);
  const after = await takeInventory(registry);
  const collection = compare(before, after, false);
  if (!context.options.json && response.state === 'left')
    context.out.write(`${printable(response.message)}\n`);
  return report(context, collection, head(wish, response), response.state);
}

function compare(before: Inventory, after: Inventory | null, dryRun: boolean): Collection {
  const [then, now] = [allLeftovers(before), allLeftovers(after ?? before)];
  const isThere = ({ kind, where }: Leftover): boolean =>
    now.some((each) => each.kind === kind && each.where === where);
  const ours = then.filter((leftover) => leftover.ours);
  return {
    dryRun,
    removed: dryRun ? ours : ours.filter((leftover) => !isThere(leftover)),
    stillThere: dryRun ? [] : ours.filter(isThere),
    leftAlone: now.filter((leftover) => !leftover.ours),
    unreadable: unreadableIn(after ?? before),
  };
}

function unreadableIn({ recipes, strays }: Inventory): Collection['unreadable'] {
  const readings = [...recipes, [null, strays] as const];
  return readings.flatMap(([recipe, reading]) => (reading.readable ? [] : [{ recipe, why: reading.why }]));
}

/** What could not be read, or is still there though nobody else is at it, is a failure. */
function report(
  context: Context,
  collection: Collection,
  said: object,
  state: 'obeyed' | 'left' = 'obeyed',
): ExitCode {
  const { stillThere, unreadable } = collection;
  const failed = unreadable.length > 0 || (state === 'obeyed' && stillThere.length > 0);
  const exitCode = failed ? 1 : 0;
  const [first] = unreadable;
  const error =
    first === undefined ? `${stillThere.length} leftovers could not be removed` : untouched(first);
  if (context.options.json) {
    const fault = failed ? { error } : {};
    const about = { apiVersion: 'reconcile/v1', kind: 'Collection' };
    context.out.write(json({ ...said, ...about, exitCode, ...fault, ...collection }));
    return exitCode;
  }
  print(context.out, collection);
  const { err } = context;
  for (const each of unreadable) err.write(`${paint(err, 'red', 'error:')} ${printable(untouched(each))}\n`);
  if (failed && first === undefined) err.write(`${paint(err, 'red', 'error:')} ${error}\n`);
  return exitCode;
}

function untouched({ recipe, why }: Collection['unreadable'][number]): string {
  return recipe === null ? why : `nothing of ${recipe} is touched: ${why}`;
}

function print(out: Output, { dryRun, removed, stillThere, leftAlone }: Collection): void {
  const verdicts: [string, Leftover[]][] = [
    [dryRun ? 'would be removed' : 'removed', removed],
    ['still there', stillThere],
    ['left alone', leftAlone],
  ];
  const rows = verdicts.flatMap(([verdict, leftovers]) =>
    leftovers.map(({ recipe, where, bytes, why }) => {
      return [recipe ?? '-', verdict, where, bytes === null ? '-' : size(bytes), why];
    }),
  );
  const sorted = rows.toSorted(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0));
  if (rows.length > 0) out.write(`${table(out, ['RECIPE', 'RESULT', 'WHERE', 'SIZE', 'WHY'], sorted)}\n`);
  const what = dryRun ? 'would be removed' : 'removed';
  out.write(`${what}: ${sum(removed)}; left alone: ${leftAlone.length}\n`);
}
