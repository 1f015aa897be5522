/** `reconcile audit [--deep] [RECIPE…]`: which claims of every canonical hold, from git and the volumes alone. */
import { printable } from '../printable.ts';
import { auditFleet, type AuditReport } from '../reconciler/audit-fleet.ts';
import type { Claim, ClaimOutcome } from '../reconciler/model.ts';
import type { Context, ExitCode, Output } from './context.ts';
import { json, paint } from './text.ts';

export async function audit(
  context: Context,
  { recipes, deep }: { recipes: readonly string[]; deep: boolean },
): Promise<ExitCode> {
  const { openReader } = await context.parts();
  const reader = await openReader(await context.settings());
  const request = { only: recipes, deep, state: reader.layout.root };
  const report = await auditFleet(request, reader, context.stop);
  if (context.options.json) {
    const observedAt = reader.clock.now().toISOString();
    const about = { apiVersion: 'reconcile/v1', kind: 'Audit', observedAt, program: reader.program, deep };
    context.out.write(json({ ...about, ...report }));
  } else {
    print(context.out, report);
  }
  return report.exitCode;
}

const LABELS: Record<ClaimOutcome, { text: string; style: Parameters<typeof paint>[1] }> = {
  ok: { text: 'ok     ', style: 'green' },
  wrong: { text: 'WRONG  ', style: 'red' },
  unchecked: { text: 'UNKNOWN', style: 'red' },
  unclaimed: { text: '-      ', style: 'dim' },
};

function print(out: Output, { recipes, besides, summary }: AuditReport): void {
  for (const { recipe, claims } of recipes) printGroup(out, recipe, claims);
  if (besides.length > 0) printGroup(out, 'the state folder', besides);
  const { ok, wrong, unchecked, unclaimed } = summary;
  const faults = wrong + unchecked === 0 ? '' : `, ${wrong} wrong, ${unchecked} cannot be checked`;
  const adopted = unclaimed === 0 ? '' : `, ${unclaimed} not made by an adopted record`;
  out.write(`${ok + wrong + unchecked + unclaimed} claims: ${ok} hold${faults}${adopted}\n`);
}

function printGroup(out: Output, title: string, claims: readonly Claim[]): void {
  out.write(`${paint(out, 'bold', printable(title))}\n`);
  for (const { claim, outcome, found, hint } of claims) {
    const { text, style } = LABELS[outcome];
    const but = found === null ? '' : `: ${found}`;
    out.write(`  ${paint(out, style, text)}  ${printable(`${claim}${but}`.replaceAll('\n', ' '))}\n`);
    if (hint !== null) out.write(`           ${paint(out, 'dim', 'do:')} ${printable(hint)}\n`);
  }
  out.write('\n');
}
