/**
 * What a recipe's `abra.sh` exports: the versions of its configs. The file is shell, but none of it is run: only whole
 * lines such as `export NGINX_CONF_VERSION=v3` are read, word by word and up to a comment or another command, and what a
 * shell would have to compute is left out and said.
 */

export interface AbraExports {
  values: Readonly<Record<string, string>>;
  /** Names whose values only a shell could tell. */
  computed: readonly string[];
}

const EXPORT = /^export\s+(.+)$/;
const PIECE = /'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s;&|<>()'"\\]/g;

/** A name alone exports what is set elsewhere. */
const WORD = new RegExp(String.raw`\s*([A-Za-z_]\w*)(?:=((?:${PIECE.source})*))?(?=[\s;&|]|$)`, 'y');
const UNREADABLE = /^\s*([A-Za-z_]\w*)=/;

/** Where such a one ends, only a shell could tell. */
const COMMAND = /\$\(|`/;

export function readAbraExports(text: string): AbraExports {
  const values: Record<string, string> = {};
  const computed: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, words = ''] = EXPORT.exec(line) ?? [];
    for (const [name, value] of readWords(words)) {
      if (value === null) computed.push(name);
      else values[name] = value;
    }
  }
  return { values, computed };
}

function readWords(words: string): [name: string, value: string | null][] {
  const read: [string, string | null][] = [];
  WORD.lastIndex = 0;
  let end = 0;
  for (let word = WORD.exec(words); word !== null; word = WORD.exec(words)) {
    const [, name = '', written] = word;
    end = WORD.lastIndex;
    if (written !== undefined) read.push([name, valueOf(written)]);
    if (COMMAND.test(written ?? '')) return read;
  }
  const [, unreadable] = UNREADABLE.exec(words.slice(end)) ?? [];
  return unreadable === undefined ? read : [...read, [unreadable, null]];
}

/** Null where it is computed. */
function valueOf(written: string): string | null {
  const pieces = [...written.matchAll(PIECE)].map(([piece]) => plain(piece));
  return pieces.includes(null) ? null : pieces.join('');
}

function plain(piece: string): string | null {
  if (piece.startsWith("'")) return piece.slice(1, -1);
  if (piece.startsWith('\\')) return piece.slice(1);
  if (/[$`]/.test(piece.replaceAll(/\\./g, ''))) return null;
  return piece.startsWith('"') ? piece.slice(1, -1).replaceAll(/\\([\\"$`])/g, '$1') : piece;
}
