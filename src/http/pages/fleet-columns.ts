/** The columns of the fleet's table: what each shows of a recipe, and by what it is sorted. */
import { size } from '../../amounts.ts';
import type { StatusRow } from '../../status-report.ts';
import type { RunningTrial } from '../operator.ts';
import { html, type Html } from './html.ts';
import { moment, since } from './moment.ts';
import { BY_ATTENTION, pill } from './pill.ts';
import { versions } from './versions.ts';
import { whyOf } from './why.ts';

export interface FleetRow {
  recipe: string;
  decision: string;
  row: StatusRow;
  running: RunningTrial | null;
  /** What it is found by, in lower case. */
  text: string;
  /** What it is sorted by in each column. */
  values: readonly (string | number)[];
}

export interface Column {
  key: string;
  title: string;
  /** What it is sorted by: numbers as numbers. */
  order: 'text' | 'number';
  descendsFirst: boolean;
  /** In words: upwards, and downwards. */
  orders: readonly [string, string];
  value: (row: StatusRow, running: RunningTrial | null) => string | number;
  cell: (row: FleetRow, now: Date) => Html;
}

export const DECISION: Column = {
  key: 'decision',
  title: 'Decision',
  order: 'number',
  descendsFirst: false,
  orders: ['attention first', 'attention last'],
  value: ({ decision }) => BY_ATTENTION.indexOf(decision),
  cell: ({ row }, now) => whyOf(row, now),
};

export const COLUMNS: readonly Column[] = [
  {
    key: 'recipe',
    title: 'Recipe',
    order: 'text',
    descendsFirst: false,
    orders: ['a to z', 'z to a'],
    value: ({ recipe }) => recipe,
    cell: ({ recipe }) => html`<a href="/recipes/${encodeURIComponent(recipe)}">${recipe}</a>`,
  },
  DECISION,
  {
    key: 'newest',
    title: 'Canonical → newest',
    order: 'text',
    descendsFirst: true,
    orders: ['lowest first', 'highest first'],
    value: ({ latest, canonical }) => byNumber(latest?.version ?? canonical?.version ?? ''),
    cell: ({ row }) => versions(row),
  },
  {
    key: 'drift',
    title: 'Drift',
    order: 'number',
    descendsFirst: true,
    orders: ['shortest first', 'longest first'],
    // Who drifted longest comes first, and who did not last.
    value: ({ drift, driftSince }) =>
      drift === null || driftSince === null ? Number.MIN_SAFE_INTEGER : -Date.parse(driftSince),
    cell: ({ row }, now) => driftOf(row, now),
  },
  {
    key: 'trial',
    title: 'Last trial',
    order: 'number',
    descendsFirst: true,
    orders: ['oldest first', 'latest first'],
    value: ({ lastVerdict }, running) =>
      running !== null ? Number.MAX_SAFE_INTEGER : lastVerdict === null ? 0 : Date.parse(lastVerdict.at),
    cell: ({ row, running }, now) => lastTrialOf(row, running, now),
  },
  {
    key: 'size',
    title: 'Size',
    order: 'number',
    descendsFirst: true,
    orders: ['smallest first', 'largest first'],
    value: ({ bytes }) => bytes,
    cell: ({ row }) => html`${row.bytes === 0 ? NONE : size(row.bytes)}`,
  },
];

/** The text by which versions stand as their numbers do: 10 after 9. */
function byNumber(version: string): string {
  return version.replaceAll(/\d+/g, (digits) => digits.padStart(LONGEST_NUMBER, '0'));
}

const LONGEST_NUMBER = 12;

export function columnCalled(key: string): Column | null {
  return COLUMNS.find((column) => column.key === key) ?? null;
}

export function fleetRow(row: StatusRow, running: RunningTrial | null): FleetRow {
  const { recipe, decision, reason, message, canonical, latest } = row;
  const text = [recipe, decision, reason, canonical?.version ?? '', latest?.version ?? '', message].join(' ');
  const values = COLUMNS.map(({ value }) => value(row, running));
  return { recipe, decision, row, running, text: text.toLowerCase(), values };
}

const NONE = html`<span class="none" aria-hidden="true">–</span><span class="unseen">none</span>`;

function driftOf({ drift, driftSince }: StatusRow, now: Date): Html {
  if (drift === null) return NONE;
  return html`<span class="drift">${drift}</span
    >${driftSince === null ? null : html` <span class="aside">${since(driftSince, now)}</span>`}`;
}

function lastTrialOf({ lastVerdict }: StatusRow, running: RunningTrial | null, now: Date): Html {
  if (running !== null)
    return html`<a class="plain" href="/trials/${encodeURIComponent(running.trial)}">${pill('running')}</a>
      <span class="aside">${running.step ?? 'starting'}</span>`;
  if (lastVerdict === null) return NONE;
  const { trial, verdict, at } = lastVerdict;
  return html`<a class="plain" href="/trials/${encodeURIComponent(trial)}">${pill(verdict)}</a>
    <span class="aside">${moment(at, now)}</span>`;
}
