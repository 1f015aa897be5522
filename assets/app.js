// @ts-check
/**
 * What the pages gain where scripts run: sorting and finding in place, and staying true. Nothing is rendered here. When
 * something happened, the page, or the rows that it happened to, are asked for again, and what the server says of each
 * part that carries `data-live` takes the place of what it said before.
 */

const FEW_ROWS = 40;
/** Events come in bursts: one question for all of them. */
const GATHER_MS = 200;
/** Also where no event was heard of: times pass, and an event may be lost. */
const LOOK_AGAIN_MS = 60_000;
const COME_BACK_MS = 10_000;

const { after = null, recipe = '' } = document.body.dataset;

/** What the server said of each live part; scripts and people change it since. @type {WeakMap<Element, string>} */
const said = new WeakMap();
for (const element of document.querySelectorAll('[data-live]')) said.set(element, element.outerHTML);

// Being true

/** @type {Promise<void>} */
let looking = Promise.resolve();

/** One after the other, so that no older answer takes the place of a newer one. @param {() => string} address */
function lookAgain(address) {
  looking = looking
    .then(() => look(address()))
    // Not reached: the next event, or the next minute, asks again.
    .catch(() => undefined);
}

/** @param {string} address */
async function look(address) {
  const response = await fetch(address);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  const [ours, theirs] = [document.getElementById('rows'), fresh.getElementById('rows')];
  const isWhole = fresh.getElementById('main') !== null;
  if (isWhole && (ours === null) !== (theirs === null)) return location.reload();
  if (isWhole && ours !== null)
    for (const row of ours.querySelectorAll('tr')) if (fresh.getElementById(row.id) === null) row.remove();
  for (const element of fresh.querySelectorAll('[data-live]')) if (!put(element)) return location.reload();
  arrange();
}

/** False where there is no place for it. @param {Element} fresh */
function put(fresh) {
  const text = fresh.outerHTML;
  const old = document.getElementById(fresh.id);
  if (old !== null && said.get(old) === text) return true;
  const element = document.importNode(fresh, true);
  said.set(element, text);
  if (old === null) {
    const rows = document.getElementById('rows');
    if (rows === null || !element.matches('tr')) return false;
    rows.append(element);
    return true;
  }
  const focused = focusable(old).indexOf(document.activeElement ?? document.body);
  for (const each of element.querySelectorAll('details')) {
    const before = each.id === '' ? null : old.querySelector(`#${CSS.escape(each.id)}`);
    if (before instanceof HTMLDetailsElement) each.open = before.open;
  }
  old.replaceWith(element);
  const again = focusable(element)[focused];
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  return true;
}

/** @param {Element} element @returns {Element[]} */
function focusable(element) {
  return [...element.querySelectorAll('a, summary, [tabindex]')];
}

// Finding and sorting

const form = document.querySelector('form.filters');

function wished() {
  const query = new URLSearchParams(location.search);
  const usual = document.querySelector('table.fleet')?.getAttribute('data-usual') ?? '';
  const sort = query.get('sort') || usual;
  return {
    words: (query.get('q') ?? '').trim().toLowerCase().split(/\s+/),
    decision: query.get('decision') || null,
    key: sort.replace(/^-/, ''),
    descending: sort.startsWith('-'),
  };
}

/** Shows the rows that the address asks for, in its order. */
function arrange() {
  const rows = document.getElementById('rows');
  if (rows === null) return;
  const { words, decision, key, descending } = wished();
  const all = [...rows.querySelectorAll('tr')];
  for (const row of all) {
    const { text = '', decision: own } = row.dataset;
    row.hidden = (decision !== null && decision !== own) || !words.every((word) => text.includes(word));
  }
  const headings = [...document.querySelectorAll('#head th')];
  const column = headings.findIndex((heading) => heading.classList.contains(key));
  const isNumber = headings[column]?.getAttribute('data-order') === 'number';
  const sorted = all
    .map((row) => ({ row, value: valueOf(row, column, isNumber), name: valueOf(row, 0, false) }))
    .toSorted((a, b) => (descending ? -1 : 1) * compared(a.value, b.value) || compared(a.name, b.name))
    .map(({ row }) => row);
  if (sorted.some((row, index) => row !== all[index])) moved(rows, sorted);
  told(all.filter((row) => !row.hidden).length, all.length);
}

/** Focus stays where it is. @param {Element} rows @param {Element[]} sorted */
function moved(rows, sorted) {
  const focused = document.activeElement;
  rows.append(...sorted);
  if (focused instanceof HTMLElement && rows.contains(focused)) focused.focus({ preventScroll: true });
}

/** @param {HTMLTableRowElement} row @param {number} column @param {boolean} isNumber */
function valueOf(row, column, isNumber) {
  const value = row.cells[column]?.dataset['value'] ?? '';
  return isNumber ? Number(value) : value;
}

/** @param {string | number} one @param {string | number} other */
function compared(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** @param {number} shown @param {number} all */
function told(shown, all) {
  const text = shown === all ? `${all} shown` : `${shown} of ${all} shown`;
  const line = document.getElementById('shown');
  if (line !== null && line.textContent !== text) line.textContent = text;
  const none = document.getElementById('none-shown');
  if (none !== null) none.hidden = shown > 0;
}

let typed = 0;

/** The rows at once; what else names the wish, such as which column is sorted, as the server says it. @param {string} address */
function wish(address) {
  history.replaceState(null, '', address);
  arrange();
  clearTimeout(typed);
  typed = setTimeout(() => lookAgain(() => `/fragments/fleet${location.search}`), GATHER_MS);
}

if (form instanceof HTMLFormElement) {
  form.classList.add('at-once');
  form.addEventListener('input', () => wish(addressIn(form)));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    wish(addressIn(form));
  });
  document.addEventListener('click', (event) => {
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const link = event.target instanceof Element ? event.target.closest('a[data-here]') : null;
    if (!plain || !(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    wish(link.href);
    fill(form);
  });
  // A browser that comes back fills the form in as it was left.
  addEventListener('pageshow', () => fill(form));
}

/** @param {HTMLFormElement} filled */
function addressIn(filled) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(filled))
    if (typeof value === 'string' && value !== '') query.set(name, value);
  return `/?${query}`;
}

/** @param {HTMLFormElement} filled */
function fill(filled) {
  const query = new URLSearchParams(location.search);
  const usual = document.querySelector('table.fleet')?.getAttribute('data-usual') ?? '';
  for (const field of filled.elements)
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement)
      field.value = query.get(field.name) ?? (field.name === 'sort' ? usual : '');
}

// Hearing of what happens

/** @type {Set<string>} */
const changed = new Set();
let everything = false;
let gathering = 0;

/** @param {MessageEvent<string>} event */
function happened(event) {
  place = event.lastEventId;
  const name = JSON.parse(event.data).recipe;
  if (recipe !== '' && name !== recipe) return;
  if (typeof name === 'string' && recipe === '') changed.add(name);
  else everything = true;
  gather();
}

function gather() {
  // A page that nobody sees is looked at when somebody does.
  if (document.hidden || gathering !== 0) return;
  gathering = setTimeout(() => {
    gathering = 0;
    lookAgain(addressOfChange);
  }, GATHER_MS);
}

function addressOfChange() {
  const names = [...changed];
  const all = everything || names.length > FEW_ROWS;
  changed.clear();
  everything = false;
  if (all) return location.href;
  const query = new URLSearchParams(location.search);
  for (const name of names) query.append('recipe', name);
  return `/fragments/fleet?${query}`;
}

/** @param {'live' | 'lost'} state @param {string} words */
function tell(state, words) {
  const place = document.getElementById('live');
  if (place === null || place.dataset['state'] === state) return;
  place.dataset['state'] = state;
  const text = place.querySelector('span');
  if (text !== null) text.textContent = words;
}

function lookAtEverything() {
  everything = true;
  gather();
}

/** The last event that was heard of. */
let place = after ?? '';
/** @type {EventSource | null} */
let source = null;

function listen() {
  if (source !== null || document.hidden) return;
  const opened = new EventSource(`/api/events?after=${place}`);
  source = opened;
  opened.addEventListener('open', () => tell('live', 'Live'));
  opened.addEventListener('error', () => {
    if (source !== opened) return;
    tell('lost', 'Reconnecting…');
    // Refused, not lost: a browser does not come back by itself.
    if (opened.readyState !== EventSource.CLOSED) return;
    source = null;
    setTimeout(listen, COME_BACK_MS);
  });
  for (const type of ['decision', 'step', 'trial', 'pass', 'fleet']) opened.addEventListener(type, happened);
  opened.addEventListener('missed', lookAtEverything);
}

/** A browser has few connections for one server, and tabs that nobody sees would hold them all. */
function lookAway() {
  source?.close();
  source = null;
}

if (after !== null) {
  listen();
  setInterval(lookAtEverything, LOOK_AGAIN_MS);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return lookAway();
    listen();
    lookAtEverything();
  });
}
