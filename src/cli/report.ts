/** Prints what a plan, a pass or a status says. */
import { duration, size, sum } from '../amounts.ts';
import { firstLine, oneLine, printable } from '../printable.ts';
import type { Pause } from '../reconciler/model.ts';
import { own } from '../reconciler/own.ts';
import { freezeText, suspensionText } from '../reconciler/pause.ts';
import type { Output } from './context.ts';
import { json, paint, table } from './text.ts';

/** The part of a row that is printed; a stored row has it as much as one made just now. */
export interface PrintedRow {
  recipe: string;
  decision: string;
  message: string;
  latest: { version: string } | null;
  canonical: { version: string } | null;
  after: readonly string[];
  nextAt: string | null;
  trial: {
    id: string;
    verdict: string | null;
    step: string | null;
    message: string | null;
    promoted: boolean;
  } | null;
  mirror: { state: string; message: string; due: boolean; pullRequests: string | null } | null;
  suspended: Pause | null;
  suspensionEnded: string | null;
  notes: readonly string[];
  bytes: number;
  leftovers: readonly { ours: boolean; bytes: number | null }[] | null;
}

export interface PrintedReport {
  kind: string;
  exitCode: number;
  error?: string;
  observedAt: string;
  freeze: Pause | null;
  summary: Readonly<Record<string, number | undefined>>;
  recipes: readonly PrintedRow[];
}

const STYLES: Readonly<Record<string, Parameters<typeof paint>[1]>> = {
  'in-sync': 'green',
  seed: 'cyan',
  advance: 'cyan',
  repair: 'cyan',
  unknown: 'red',
  held: 'yellow',
  blocked: 'yellow',
  suspended: 'yellow',
};

/** Whether a pause is in force is told as of now, however long ago all this was observed. */
export function printReport(out: Output, err: Output, report: PrintedReport, asJson: boolean): void {
  const now = new Date();
  if (asJson) {
    out.write(json(report));
    return;
  }
  if (report.recipes.length > 0) {
    out.write(coloured(out, tableOf(out, report), report.recipes));
    out.write(`\n${summary(report)}\n`);
    for (const row of report.recipes)
      out.write(`${suspensionOf(row, now)}${mirrorOf(row)}${notesOf(row)}${leftoversOf(row)}`);
  }
  const frozen = freezeText(report.freeze, now);
  if (frozen !== null) out.write(`${oneLine(frozen)}\n`);
  if (report.error !== undefined) err.write(`${paint(err, 'red', 'error:')} ${printable(report.error)}\n`);
}

/** What a recipe takes on disk belongs to what is; a plan is about what will be. */
function tableOf(out: Output, { kind, recipes }: PrintedReport): string {
  const sizes = kind === 'Status';
  const header = ['RECIPE', 'DECISION', 'CANONICAL -> NEWEST', ...(sizes ? ['SIZE'] : []), 'WHY'];
  const rows = recipes.map((row) => [
    row.recipe,
    row.decision,
    versions(row),
    ...(sizes ? [size(row.bytes)] : []),
    why(row),
  ]);
  return table(out, header, rows);
}

function versions({ canonical, latest }: PrintedRow): string {
  const from = canonical?.version ?? '-';
  if (latest === null || latest.version === canonical?.version) return from;
  return `${from} -> ${latest.version}`;
}

function why(row: PrintedRow): string {
  const after = row.after.length === 0 ? '' : ` (after ${row.after.join(', ')})`;
  const next = row.nextAt === null ? '' : `; next at ${row.nextAt} (in ${until(row.nextAt)})`;
  const trial = row.trial === null ? '' : `[${outcome(row.trial)}] `;
  return `${trial}${firstLine(row.message)}${after}${next}`;
}

export function outcome(trial: NonNullable<PrintedRow['trial']>): string {
  if (trial.promoted) return 'promoted';
  return trial.step === null ? (trial.verdict ?? 'open') : `${trial.verdict} at ${trial.step}`;
}

function until(time: string): string {
  return duration(Math.max(0, Date.parse(time) - Date.now()));
}

function coloured(out: Output, text: string, rows: readonly PrintedRow[]): string {
  const [header = '', ...lines] = text.split('\n');
  const painted = lines.map((line, index) => {
    const decision = rows[index]?.decision ?? '';
    const style = own(STYLES, decision);
    return style === undefined
      ? line
      : line.replace(` ${decision} `, () => ` ${paint(out, style, decision)} `);
  });
  return [header, ...painted].join('\n');
}

/** Nothing where why it waits says so already. */
function suspensionOf({ recipe, decision, suspended, suspensionEnded }: PrintedRow, now: Date): string {
  const name = oneLine(recipe);
  if (suspensionEnded !== null)
    return `the suspension of ${name} ended at ${oneLine(suspensionEnded)} and still stands in its manifest\n`;
  if (suspended === null || decision === 'suspended') return '';
  return `${oneLine(suspensionText(name, suspended, now) ?? '')}\n`;
}

/** Nothing where all is well with it. */
function mirrorOf({ recipe, mirror }: PrintedRow): string {
  if (mirror === null) return '';
  const name = oneLine(recipe);
  const next = mirror.due ? '; it is synced by the next pass' : '';
  const state =
    mirror.state === 'equal'
      ? ''
      : `mirror of ${name}: ${oneLine(mirror.state)}: ${firstLine(mirror.message)}${next}\n`;
  return mirror.pullRequests === null
    ? state
    : `${state}pull requests of ${name}: ${firstLine(mirror.pullRequests)}\n`;
}

function notesOf({ recipe, notes }: PrintedRow): string {
  return notes.map((note) => `note on ${oneLine(recipe)}: ${oneLine(note)}\n`).join('');
}

/** Empty where there are none. */
function leftoversOf({ recipe, leftovers }: PrintedRow): string {
  const ours = (leftovers ?? []).filter((leftover) => leftover.ours);
  const others = (leftovers ?? []).filter((leftover) => !leftover.ours);
  const said = [
    ...(ours.length === 0 ? [] : [sum(ours)]),
    ...(others.length === 0 ? [] : [`${others.length} that this program did not make`]),
  ];
  return said.length === 0
    ? ''
    : `left over of ${oneLine(recipe)}: ${said.join(', and ')}; see "reconcile gc --dry-run"\n`;
}

function summary({ summary: counts, recipes }: PrintedReport): string {
  const parts = Object.entries(counts).map(([decision, count]) => `${count} ${printable(decision)}`);
  return `${recipes.length} ${recipes.length === 1 ? 'recipe' : 'recipes'}: ${parts.join(', ')}`;
}
