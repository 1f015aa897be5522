/** What most end-to-end tests ask of the program's JSON. */
import type { Fleet, Outcome, RunOptions } from '../fixtures/fleet.ts';

type Row = NonNullable<NonNullable<Outcome['json']>['recipes']>[number];

export function row(outcome: Outcome, recipe: string): Row {
  const found = outcome.json?.recipes?.find((each) => each.recipe === recipe);
  if (found === undefined) throw new Error(`no row of ${recipe} in: ${outcome.stdout}${outcome.stderr}`);
  return found;
}

export function decisions(outcome: Outcome): Record<string, string> {
  return Object.fromEntries((outcome.json?.recipes ?? []).map(({ recipe, decision }) => [recipe, decision]));
}

export async function pass(fleet: Fleet, args: string[] = [], options: RunOptions = {}): Promise<Outcome> {
  return await fleet.reconcile(['--once', '--json', ...args], options);
}

export async function plan(fleet: Fleet, args: string[] = []): Promise<Outcome> {
  return await fleet.reconcile(['plan', '--json', ...args]);
}
