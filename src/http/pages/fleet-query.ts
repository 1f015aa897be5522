/** Which rows of the fleet are shown, in which order: said by the address, so that it can be kept and sent. */
import { columnCalled, COLUMNS, DECISION, type Column, type FleetRow } from './fleet-columns.ts';

export interface FleetQuery {
  text: string;
  /** Null: all of them. */
  decision: string | null;
  sort: Sort;
}

interface Sort {
  column: Column;
  descending: boolean;
}

/** What needs attention comes first. */
export const USUAL: Sort = { column: DECISION, descending: false };

export function fleetQuery(query: URLSearchParams): FleetQuery {
  return {
    text: (query.get('q') ?? '').trim(),
    decision: query.get('decision') || null,
    sort: sortNamed(query.get('sort') ?? '') ?? USUAL,
  };
}

function sortNamed(text: string): Sort | null {
  const descending = text.startsWith('-');
  const column = columnCalled(descending ? text.slice(1) : text);
  return column === null ? null : { column, descending };
}

export function nameOfSort({ column, descending }: Sort): string {
  return `${descending ? '-' : ''}${column.key}`;
}

/** What the address of the page is with something of it changed; what it is anyway is left out. */
export function addressOf(query: FleetQuery, change: Partial<FleetQuery>): string {
  const { text, decision, sort } = { ...query, ...change };
  const said = new URLSearchParams();
  if (text !== '') said.set('q', text);
  if (decision !== null) said.set('decision', decision);
  if (nameOfSort(sort) !== nameOfSort(USUAL)) said.set('sort', nameOfSort(sort));
  return said.size === 0 ? '/' : `/?${said.toString()}`;
}

/** By this column as it is more often wanted; once more turns it round. */
export function sortedNextBy(column: Column, { sort }: FleetQuery): Sort {
  const descending = sort.column === column ? !sort.descending : column.descendsFirst;
  return { column, descending };
}

export function isShown({ decision, text }: FleetRow, query: FleetQuery): boolean {
  if (query.decision !== null && query.decision !== decision) return false;
  return query.text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

export function sorted(rows: readonly FleetRow[], { sort }: FleetQuery): FleetRow[] {
  const { column, descending } = sort;
  const index = COLUMNS.indexOf(column);
  return rows.toSorted((one, other) => {
    const order = compared(one.values[index], other.values[index]);
    // What is the same stands by name, whichever way round.
    return (descending ? -order : order) || compared(one.recipe, other.recipe);
  });
}

function compared(one: string | number = '', other: string | number = ''): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
