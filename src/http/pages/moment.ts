/** Times as people think of them, with the exact one behind. */
import { html, type Html } from './html.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From the largest unit of which there are two, so that little is lost. */
const UNITS = [
  [2 * DAY, DAY, 'd'],
  [2 * HOUR, HOUR, 'h'],
  [2 * MINUTE, MINUTE, 'min'],
  [0, SECOND, 's'],
] as const;

/** `5 min`, `3 h`, `12 d`. */
export function age(ms: number): string {
  const [, unit, name] = UNITS.find(([from]) => ms >= from) ?? UNITS[3];
  return `${Math.floor(Math.max(0, ms) / unit)} ${name}`;
}

/** `5 min ago`, `in 3 h`. */
export function moment(at: string, now: Date): Html {
  const ms = now.getTime() - Date.parse(at);
  return timed(at, ms < 0 ? `in ${age(-ms)}` : ms < 10 * SECOND ? 'just now' : `${age(ms)} ago`);
}

/** How long it has been going on. */
export function since(at: string, now: Date): Html {
  return timed(at, age(now.getTime() - Date.parse(at)));
}

/** What is no time is shown as it is. */
function timed(at: string, words: string): Html {
  if (Number.isNaN(Date.parse(at))) return html`${at}`;
  return html`<time datetime="${at}" title="${at}">${words}</time>`;
}
