/** What several properties make their cases of. */
import fc from 'fast-check';

/** Characters that steer terminals, reorder text, end lines or strings, or are not seen. */
const ODD_CHARACTERS = [
  '\0',
  '\u0001',
  '\u0007',
  '\b',
  '\t',
  '\n',
  '\r',
  '\u001b',
  '\u001b[2J',
  '\u007f',
  '\u0080',
  '\u009b',
  '\u00a0',
  '\u00ad',
  '\u061c',
  '\u200b',
  '\u200f',
  '\u2028',
  '\u202e',
  '\u2066',
  '\u2069',
  '\ufeff',
  '\ufffd',
  '\uffff',
  '\ud800',
  '\udfff',
  '🙂',
  'é',
  'ß',
  'İ',
  '٣',
  '１',
  ' ',
  '-',
  '--',
  '.',
  '..',
  '/',
  '\\',
  ':',
  '@',
  '{',
  '^',
  '~',
  '*',
  '?',
  '[',
  '"',
  "'",
  '`',
  '$',
  '$(id)',
  ';',
  '|',
  '&',
  '<',
  '>',
  '%00',
  '%2e%2e',
  '#',
];

export const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.oneof(fc.constantFrom(...ODD_CHARACTERS), fc.string({ maxLength: 6 })), { maxLength: 12 })
    .map(joined),
);

export interface Mutation {
  kind: 'insert' | 'remove' | 'repeat' | 'replace' | 'cut';
  /** Where, as a share of the whole. */
  at: number;
  length: number;
  text: string;
}

/** `fragments`: what is likely to be odd in a text of this kind. */
export function mutations(fragments: readonly string[]): fc.Arbitrary<readonly Mutation[]> {
  const mutation = fc.record({
    kind: fc.constantFrom(
      'insert' as const,
      'remove' as const,
      'repeat' as const,
      'replace' as const,
      'cut' as const,
    ),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(60),
    text: fc.oneof(fc.constantFrom(...fragments), oddText),
  });
  return fc.array(mutation, { maxLength: 6 });
}

export function mutated(text: string, list: readonly Mutation[]): string {
  return list.reduce((now, { kind, at, length, text: fragment }) => {
    const start = Math.floor(at * now.length);
    const [before, piece, after] = [
      now.slice(0, start),
      now.slice(start, start + length),
      now.slice(start + length),
    ];
    switch (kind) {
      case 'insert':
        return before + fragment + piece + after;
      case 'remove':
        return before + after;
      case 'repeat':
        return before + piece + piece + after;
      case 'replace':
        return before + fragment + after;
      case 'cut':
        return length === 0 ? before : now;
    }
  }, text);
}

function joined(pieces: readonly string[]): string {
  return pieces.join('');
}

/** What no text that people read may hold, the end of a line apart. */
export const STEERS_A_TERMINAL =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
