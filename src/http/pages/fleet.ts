/** The fleet at a glance: how many of each decision, and a row for each recipe. */
import { size } from '../../amounts.ts';
import type { StatusReport } from '../../status-report.ts';
import type { RunningTrial } from '../operator.ts';
import { COLUMNS, fleetRow, type Column, type FleetRow } from './fleet-columns.ts';
import {
  addressOf,
  isShown,
  nameOfSort,
  USUAL,
  sorted,
  sortedNextBy,
  type FleetQuery,
} from './fleet-query.ts';
import { glyph } from './glyphs.ts';
import { html, type Html } from './html.ts';
import { notices } from './layout.ts';
import { freezeNotice } from './pauses.ts';
import { BY_ATTENTION, pill } from './pill.ts';

export interface FleetPage {
  status: StatusReport;
  running: readonly RunningTrial[];
  said: readonly string[];
  query: FleetQuery;
  now: Date;
}

export function fleet(shown: FleetPage): Html {
  const { status, query, now } = shown;
  const rows = sorted(rowsOf(shown), query);
  return html`<h1>Fleet</h1>
    ${noticesOf(shown)} ${summary(shown)}
    ${rows.length === 0 ? nobody(status) : html`${filters(status, query)} ${table(rows, query, now)}`}`;
}

/** The rows that are named, and what is around them: for a page that has the others. */
export function fleetRows(shown: FleetPage, recipes: ReadonlySet<string>): Html {
  const { query, now } = shown;
  const rows = rowsOf(shown).filter(({ recipe }) => recipes.has(recipe));
  return html`${noticesOf(shown)} ${summary(shown)}
    <table>
      ${head(query)}
      <tbody>
        ${rows.map((row) => tableRow(row, query, now))}
      </tbody>
    </table>`;
}

function noticesOf({ status, said, now }: FleetPage): Html {
  return notices([...freezeNotice(status.freeze, now), ...said], status.error ?? null);
}

function rowsOf({ status, running }: FleetPage): FleetRow[] {
  const trials = new Map(running.map((trial) => [trial.recipe, trial]));
  return status.recipes.map((row) => fleetRow(row, trials.get(row.recipe) ?? null));
}

function summary({ status, running, query }: FleetPage): Html {
  const decisions = Object.entries(status.summary).toSorted(
    ([one], [other]) => BY_ATTENTION.indexOf(one) - BY_ATTENTION.indexOf(other),
  );
  const count = status.recipes.length;
  return html`<div id="summary" class="summary" data-live>
    <p class="total">
      <strong>${count}</strong>
      ${count === 1 ? 'recipe' : 'recipes'}${running.length > 0 && html`, <strong>${running.length}</strong> on trial now`}${disk(status)}
    </p>
    ${
      decisions.length > 0 &&
      html`<nav aria-label="By decision">
        <ul class="counts">
          <li>${chip(query, null, html`All`, count)}</li>
          ${decisions.map(([decision, number]) => html`<li>${chip(query, decision, pill(decision), number)}</li>`)}
        </ul>
      </nav>`
    }
  </div>`;
}

function chip(query: FleetQuery, decision: string | null, word: Html, count: number): Html {
  const current = query.decision === decision && html`aria-current="true"`;
  return html`<a class="chip" href="${addressOf(query, { decision })}" data-here ${current}
    >${word} <span class="number">${count}</span></a
  >`;
}

function disk({ disk: taken }: StatusReport): Html | null {
  if (taken === null || taken.allocatedBytes === 0) return null;
  const { allocatedBytes, budgetBytes } = taken;
  return html`<span class="disk"
    >, ${size(allocatedBytes)} on disk${budgetBytes !== null && html` of ${size(budgetBytes)}`}</span
  >`;
}

function nobody({ enrolled, error }: StatusReport): Html {
  if (error !== undefined || enrolled.length > 0)
    return html`<section class="empty">
      ${glyph('clock')}
      <h2>Nothing was observed yet</h2>
      <p>The first look at every recipe is under way. This page fills by itself as it goes on.</p>
    </section>`;
  return html`<section class="empty">
    ${glyph('plus')}
    <h2>No recipe is enrolled</h2>
    <p>Put a manifest into the manifest folder and it shows here within a second. This is a complete one:</p>
    <pre tabindex="0" role="group" aria-label="A manifest">${SMALLEST_MANIFEST}</pre>
    <p>To try the program on a fleet of its own first: <code>reconcile demo DIR</code></p>
  </section>`;
}

const SMALLEST_MANIFEST = `apiVersion: reconcile/v1
kind: Recipe
metadata:
  name: custom-html
spec:
  upstream: https://git.coopcloud.tech/coop-cloud/custom-html.git`;

function filters({ summary: counts }: StatusReport, query: FleetQuery): Html {
  const decisions = BY_ATTENTION.filter((decision) => decision in counts || decision === query.decision);
  return html`<form class="filters" id="filters" method="get" action="/" role="search">
    <label
      ><span>Find</span
      ><input
        type="search"
        name="q"
        value="${query.text}"
        placeholder="name, version or reason"
        autocomplete="off"
        spellcheck="false"
    /></label>
    <label
      ><span>Decision</span
      ><select name="decision">
        <option value="">any</option>
        ${decisions.map((decision) => option(decision, decision, decision === query.decision))}
      </select></label
    >
    <label
      ><span>Order</span
      ><select name="sort">
        ${orders(query)}
      </select></label
    >
    <button>Apply</button>
  </form>`;
}

function orders({ sort }: FleetQuery): Html[] {
  return COLUMNS.flatMap((column) =>
    [column.descendsFirst, !column.descendsFirst].map((descending) => {
      const words = `${column.title}: ${column.orders[descending ? 1 : 0]}`;
      const isThis = sort.column === column && sort.descending === descending;
      return option(nameOfSort({ column, descending }), words, isThis);
    }),
  );
}

function option(value: string, text: string, selected: boolean): Html {
  return html`<option value="${value}" ${selected && html`selected`}>${text}</option>`;
}

/** Roles are said, since a narrow screen shows rows as cards, and a table that is none is read as none. */
function table(rows: readonly FleetRow[], query: FleetQuery, now: Date): Html {
  const shown = rows.filter((row) => isShown(row, query)).length;
  return html`<p id="shown" class="shown" role="status">${shownOf(shown, rows.length)}</p>
    <table class="fleet" role="table" aria-label="Recipes" data-usual="${nameOfSort(USUAL)}">
      ${head(query)}
      <tbody id="rows" role="rowgroup">
        ${rows.map((row) => tableRow(row, query, now))}
      </tbody>
    </table>
    <section class="empty" id="none-shown" ${shown > 0 && html`hidden`}>
      ${glyph('question')}
      <h2>No recipe matches</h2>
      <p><a href="/" data-here>Show all recipes</a></p>
    </section>`;
}

function shownOf(shown: number, all: number): string {
  return shown === all ? `${all} shown` : `${shown} of ${all} shown`;
}

function head(query: FleetQuery): Html {
  return html`<thead id="head" role="rowgroup" data-live>
    <tr role="row">
      ${COLUMNS.map((column) => heading(column, query))}
    </tr>
  </thead>`;
}

function heading(column: Column, query: FleetQuery): Html {
  const { sort } = query;
  const direction = sort.column !== column ? null : sort.descending ? 'descending' : 'ascending';
  const next = addressOf(query, { sort: sortedNextBy(column, query) });
  return html`<th
    role="columnheader"
    scope="col"
    class="${column.key}"
    data-order="${column.order}"
    ${direction !== null && html`aria-sort="${direction}"`}
  >
    <a href="${next}" data-here>${column.title}<span class="sort" aria-hidden="true"></span></a>
  </th>`;
}

function tableRow(row: FleetRow, query: FleetQuery, now: Date): Html {
  const { recipe, decision, text, values } = row;
  return html`<tr
    role="row"
    id="row-${recipe}"
    data-live
    data-decision="${decision}"
    data-text="${text}"
    ${!isShown(row, query) && html`hidden`}
  >
    ${COLUMNS.map((column, index) => {
      const attributes = html`class="${column.key}" data-value="${values[index] ?? ''}"`;
      const cell = column.cell(row, now);
      return column.key === 'recipe'
        ? html`<th role="rowheader" scope="row" ${attributes}>${cell}</th>`
        : html`<td role="cell" data-title="${column.title}" ${attributes}>${cell}</td>`;
    })}
  </tr>`;
}
