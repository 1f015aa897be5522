/** `reconcile forget RECIPE --yes`: deletes the canonical and everything else of a recipe that is not enrolled. */
import { size, sum } from '../amounts.ts';
import type { Reader } from '../composition.ts';
import { printable } from '../printable.ts';
import { CannotRun } from '../reconciler/errors.ts';
import type { Holding } from '../reconciler/model.ts';
import { ruleOnForgetting } from '../reconciler/rulings.ts';
import { ask, head } from './ask.ts';
import type { Context, ExitCode, Output } from './context.ts';
import { json, paint, table } from './text.ts';

export async function forget(context: Context, request: { recipe: string; yes: boolean }): Promise<ExitCode> {
  const { recipe } = request;
  const { openReader } = await context.parts();
  const reader = await openReader(await context.settings());
  const before = await holdings(reader, recipe);
  if (before.length === 0) {
    const hint = 'see "reconcile history" for recipes of which something is';
    throw new CannotRun(`nothing is stored of a recipe called "${recipe}"`, { hint });
  }
  const ruling = ruleOnForgetting(recipe, await reader.fleet.load(), await reader.registry.record(recipe));
  if (!ruling.allowed) {
    throw new CannotRun(
      `${recipe} is not forgotten: ${ruling.why}`,
      ruling.hint === null ? {} : { hint: ruling.hint },
    );
  }
  if (!request.yes) return onlySay(context, recipe, before);
  const wish = { verb: 'forget', recipe } as const;
  const response = await ask(context, reader.layout, wish);
  const after = response.state === 'left' ? before : await holdings(reader, recipe);
  const removed = before.filter(({ where }) => !after.some((each) => each.where === where));
  const leftAlone = after.filter(({ ours }) => !ours);
  if (context.options.json) {
    context.out.write(json({ ...head(wish, response), removed, leftAlone }));
    return 0;
  }
  if (removed.length > 0) print(context.out, 'removed', removed);
  if (leftAlone.length > 0) print(context.out, 'left alone', leftAlone);
  context.out.write(`${printable(response.message)}: ${sum(removed)}\n`);
  return 0;
}

async function holdings({ registry }: Reader, recipe: string): Promise<Holding[]> {
  const read = await registry.holdings(recipe);
  if (!read.readable) throw new CannotRun(read.why);
  return read.value;
}

function onlySay(context: Context, recipe: string, stored: readonly Holding[]): ExitCode {
  const wouldRemove = stored.filter(({ ours }) => ours);
  const leftAlone = stored.filter(({ ours }) => !ours);
  const error = `nothing was removed: forgetting ${recipe} cannot be undone`;
  const hint = `say "reconcile forget ${recipe} --yes" if all of that may go`;
  const { out, err, options } = context;
  if (options.json) {
    const said = {
      apiVersion: 'reconcile/v1',
      kind: 'Request',
      exitCode: 1,
      verb: 'forget',
      recipe,
      error,
      hint,
    };
    out.write(json({ ...said, wouldRemove, leftAlone }));
    return 1;
  }
  print(out, 'would be removed', wouldRemove);
  if (leftAlone.length > 0) print(out, 'would be left alone', leftAlone);
  out.write(`${sum(wouldRemove)}\n`);
  err.write(`${paint(err, 'red', 'error:')} ${error}\n${paint(err, 'dim', 'hint:')} ${hint}\n`);
  return 1;
}

function print(out: Output, title: string, stored: readonly Holding[]): void {
  const rows = stored.map(({ where, bytes, what }) => [where, bytes === null ? '?' : size(bytes), what]);
  out.write(`${table(out, [title.toUpperCase(), 'SIZE', 'WHAT'], rows)}\n`);
}
