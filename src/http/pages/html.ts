/**
 * HTML that cannot be put together wrongly: everything that stands in a template is escaped, unless a template made it.
 * Text comes from tags, apps and git, so what could steer a reader unseen is made visible as well.
 *
 * In attributes values stand between double quotes, always.
 */
import { printable } from '../../printable.ts';

/** The type alone is exported: only a template makes one. */
export type { Html };

class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type Part = Html | string | number | null | false | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const pieces = withoutIndent(strings);
  let text = pieces[0] ?? '';
  for (const [index, part] of parts.entries()) text += written(part) + (pieces[index + 1] ?? '');
  return new Html(text);
}

/** How templates are indented is for those who read them; of a row of a table it would be a third. */
function withoutIndent(strings: TemplateStringsArray): readonly string[] {
  const known = unindented.get(strings);
  if (known !== undefined) return known;
  const pieces = strings.map((text) => text.replaceAll(/\n\s+/g, '\n'));
  unindented.set(strings, pieces);
  return pieces;
}

const unindented = new WeakMap<TemplateStringsArray, readonly string[]>();

function written(part: Part): string {
  if (part === null || part === false) return '';
  if (typeof part === 'string') return escaped(part);
  if (typeof part === 'number') return String(part);
  return part instanceof Html ? String(part) : part.map(written).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(value: string): string {
  return printable(value).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
