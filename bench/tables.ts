/** Measurements and figures as tables of Markdown, which are read as they are. */
import type { Measurements, Observation } from './benchmark.ts';
import type { Figure } from './figures.ts';
import type { Cost } from './measure.ts';

export function tablesOf(measurements: Measurements, figures: readonly Figure[]): string {
  return `${figureTable(figures)}\n${observationTable(measurements)}\n${otherTable(measurements)}`;
}

function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, measured, mostAllowed, unit, reached }) => [
    what,
    measured === null ? 'not measured' : amount(measured, unit),
    `at most ${amount(mostAllowed, unit)}`,
    reached === null ? '' : reached ? 'yes' : '**no**',
  ]);
  return table(['figure', 'measured', 'must reach', 'reached'], rows);
}

function observationTable({ observations }: Measurements): string {
  const header = ['recipes', 'server', '--once', 'growth', 'plan', 'floor', 'git ls-remote', 'peak memory'];
  const rows = observations.map((observation, index) => [
    String(observation.size),
    observation.server,
    cost(observation.once),
    growth(observation, observations[index - 1]),
    cost(observation.plan),
    cost(observation.floor),
    observation.git === null ? 'not measured' : cost(observation.git),
    amount(observation.peakMiB, 'MiB'),
  ]);
  return table(header, rows);
}

/** Only against the next smaller fleet in front of the same server. */
function growth(observation: Observation, before: Observation | undefined): string {
  if (before === undefined || before.server !== observation.server) return '';
  return amount(observation.once.wallMs / before.once.wallMs, '×');
}

function otherTable({ node, status, seed, served }: Measurements): string {
  return table(
    ['besides', 'time'],
    [
      ['node -e 0', cost(node)],
      [`status of ${status.recipes} recipes`, cost(status)],
      ['a pass that seeds one recipe', amount(seed.passMs, 'ms')],
      ['its trial', amount(seed.trialMs, 'ms')],
      [`the page of ${served.recipes} recipes`, amount(served.pageMs, 'ms')],
      [
        'the same, shown by Chromium',
        served.shownMs === null ? 'not measured' : amount(served.shownMs, 'ms'),
      ],
      [`a scrape of ${served.recipes} recipes`, amount(served.scrapeMs, 'ms')],
      ['a webhook until its recipe is queued', amount(served.webhookMs, 'ms')],
      ['an edit of a manifest until its recipe was looked at', amount(served.editMs, 'ms')],
      ['two starts and stops of its app and a copy of its volume, by hand', amount(seed.byHandMs, 'ms')],
    ],
  );
}

function cost({ wallMs, cpuMs }: Cost): string {
  return `${amount(wallMs, 'ms')} (CPU ${amount(cpuMs, 'ms')})`;
}

function amount(value: number, unit: Figure['unit']): string {
  return unit === '×' ? `${value.toFixed(2)} ×` : `${Math.round(value)} ${unit}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`;
  return line(header) + rule + rows.map(line).join('');
}
