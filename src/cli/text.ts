/** Text for people on a terminal: tables and colours. */
import { styleText } from 'node:util';
import { oneLine } from '../printable.ts';
import type { Output } from './context.ts';

type Style = Parameters<typeof styleText>[0];

export function paint(output: Output, style: Style, text: string): string {
  return output.color ? styleText(style, text, { validateStream: false }) : text;
}

/** Columns as wide as their widest cell; on a terminal the last one is cut to fit. */
export function table(
  output: Output,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = [header, ...rows].map((row) => row.map(oneLine));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => {
    const line = row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ');
    return cut(output, line);
  });
  return lines.map((line, index) => `${index === 0 ? paint(output, 'dim', line) : line}\n`).join('');
}

/** As much of a line as fits; a live line that wraps could not be redrawn in place. */
export function cut(output: Output, line: string): string {
  return line.length > output.columns ? `${line.slice(0, output.columns - 1)}…` : line;
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
