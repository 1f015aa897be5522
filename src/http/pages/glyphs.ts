/** Small pictures that go with words, never in place of them: drawn once in each page, and used by name. */
import { html, type Html } from './html.ts';

const DRAWN = {
  check: html`<path d="M3 8.5l3.2 3.2L13 4.8" />`,
  cross: html`<path d="M4 4l8 8M12 4l-8 8" />`,
  up: html`<path d="M8 13V3.5M3.8 7.5L8 3.3l4.2 4.2" />`,
  plus: html`<path d="M8 3v10M3 8h10" />`,
  repair: html`<path d="M12.9 6.2A5.2 5.2 0 1 0 13.2 8M13.2 2.8v3.6H9.6" />`,
  lock: html`<path d="M4 7.5h8v5.5H4zM5.8 7.5V5.3a2.2 2.2 0 0 1 4.4 0v2.2" />`,
  pause: html`<path d="M5.5 3.5v9M10.5 3.5v9" />`,
  link: html`<path
    d="M6.7 9.3l2.6-2.6M7.3 4.9l1.2-1.2a2.7 2.7 0 0 1 3.8 3.8l-1.2 1.2M8.7 11.1l-1.2 1.2a2.7 2.7 0 0 1-3.8-3.8l1.2-1.2"
  />`,
  question: html`<path d="M5.5 5.9a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.8-1.1 1.6M8 12.4v.2" />`,
  dash: html`<path d="M3.5 8h9" />`,
  dot: html`<circle class="solid" cx="8" cy="8" r="3.2" />`,
  clock: html`<circle cx="8" cy="8" r="5.2" /><path d="M8 5v3.2l2 1.4" />`,
  alert: html`<path d="M8 2.8L14 13H2zM8 6.8v2.8M8 11.3v.1" />`,
  bolt: html`<path d="M9 2.5L4.5 9H8l-1 4.5L11.5 7H8z" />`,
} as const;

export type Glyph = keyof typeof DRAWN;

export function glyph(name: Glyph): Html {
  return html`<svg class="glyph" viewBox="0 0 16 16" aria-hidden="true"><use href="#g-${name}" /></svg>`;
}

/** For the beginning of a page's body. */
export const GLYPHS = html`<svg class="gone" aria-hidden="true" focusable="false">
  ${Object.entries(DRAWN).map(([name, drawn]) => html`<symbol id="g-${name}" viewBox="0 0 16 16">${drawn}</symbol>`)}
</svg>`;
