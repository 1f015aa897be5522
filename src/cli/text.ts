/** Text for people: tables, times, colours, and nothing that could steer their terminal. */
import { styleText } from 'node:util';
import type { Output } from './context.ts';

type Style = Parameters<typeof styleText>[0];

export function paint(output: Output, style: Style, text: string): string {
  return output.color ? styleText(style, text, { validateStream: false }) : text;
}

const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from outside (tags, apps' output, git's words) may hold control characters; a terminal must not obey them. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\ufffd');
}

/** For what must stay one line: the name of a file may hold an end of line too. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\ufffd');
}

export function firstLine(text: string): string {
  return printable(text.split('\n', 1)[0] ?? '');
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

/** `4.1s`, `3m10s`, `2h05m`, `6d03h`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86400),
  ];
  if (hours < 1) return `${minutes}m${twoDigits(Math.floor(seconds) % 60)}s`;
  if (days < 1) return `${hours}h${twoDigits(minutes % 60)}m`;
  return `${days}d${twoDigits(hours % 24)}h`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

/** How many things, and how much together, of those that were measured. */
export function sum(things: readonly { bytes: number | null }[]): string {
  const bytes = things.reduce((total, thing) => total + (thing.bytes ?? 0), 0);
  return `${things.length} ${things.length === 1 ? 'thing' : 'things'}, ${size(bytes)}`;
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
