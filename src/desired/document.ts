/**
 * YAML text to plain values with positions. The text may be anything: a fault of it is a flaw with a place, nothing
 * here throws, and what the text can make this program do is bounded before the YAML library composes it.
 *
 * The library's own `toJS` is not used: it knows no positions, checks duplicate keys in quadratic time, and resolves
 * each alias by walking the document.
 */
import {
  Composer,
  Lexer,
  LineCounter,
  Parser,
  Schema,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type CST,
  type Document,
  type ParsedNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { describe } from '../reconciler/errors.ts';
import { excerpt, visible } from './excerpt.ts';
import { MAX_BYTES } from './source-file.ts';
import type { Located, Position } from './position.ts';

/** The deepest key of a manifest is at a quarter of this. Composing is recursive and must not meet its end. */
const MAX_DEPTH = 64;
/** A generous manifest has a few thousand; with this bound the worst text takes a second or two. */
const MAX_TOKENS = 200_000;
/** Values that aliases may repeat, all together. */
const MAX_ALIASED = 10_000;
/** Faults reported of one document; a wrong quote can make thousands. */
const MAX_FLAWS = 20;

/**
 * The core schema, whatever a %YAML directive says: no merge keys, no sexagesimal numbers, no `yes`. One for all
 * documents: with no tags to be resolved besides, none can add to it.
 */
const SCHEMA = new Schema({ schema: 'core', resolveKnownTags: false });

interface Flaw {
  at: Position;
  message: string;
}

export interface YamlDocument {
  root: Located;
  /** False where the text's own structure is broken, so that what was read of it may not be what was meant. */
  sound: boolean;
  flaws: Flaw[];
}

/** The documents of one file; empty ones are left out. `flaws` are those of the file as a whole. */
export interface YamlText {
  documents: YamlDocument[];
  flaws: Flaw[];
}

export function readYaml(text: string): YamlText {
  const positions = positionsOf(text);
  const nothing = (offset: number, message: string): YamlText => ({
    documents: [],
    flaws: [{ at: positions(offset), message }],
  });
  if (text.length > MAX_BYTES) return nothing(0, `the file is larger than ${MAX_BYTES / 1024} KiB`);
  const nul = text.indexOf('\0');
  if (nul !== -1) return nothing(nul, 'the file holds a NUL character');
  try {
    const tokens = parseBounded(text);
    if ('message' in tokens) return nothing(tokens.offset, tokens.message);
    return { documents: composeDocuments(tokens.tokens, text.length, positions), flaws: [] };
  } catch (error) {
    return nothing(0, `the file cannot be read as YAML: ${withoutSource(describe(error))}`);
  }
}

type Positions = (offset: number) => Position;

function positionsOf(text: string): Positions {
  const counter = new LineCounter();
  counter.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) counter.addNewLine(at + 1);
  return (offset) => {
    const { line, col } = counter.linePos(Math.min(Math.max(offset, 0), text.length));
    return { line, column: col };
  };
}

/** Stops at the first token that nests too deeply, before anything recursive sees it. */
function parseBounded(text: string): { tokens: CST.Token[] } | { offset: number; message: string } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH) {
      return { offset: parser.offset, message: 'the document nests too deeply' };
    }
    if (count > MAX_TOKENS) {
      return { offset: parser.offset, message: `the file has more than ${MAX_TOKENS} YAML tokens` };
    }
  }
  tokens.push(...parser.end());
  return { tokens };
}

function composeDocuments(tokens: CST.Token[], length: number, positions: Positions): YamlDocument[] {
  const composer = new Composer({
    schema: SCHEMA,
    // Duplicates are found below, in linear time.
    uniqueKeys: false,
    // A pretty error quotes the source line, and with it whatever secret stands there.
    prettyErrors: false,
    logLevel: 'silent',
  });
  const documents: YamlDocument[] = [];
  for (const document of composer.compose(tokens, true, length)) {
    const converted = convertDocument(document, positions);
    if (converted !== null) documents.push(converted);
  }
  return documents;
}

function convertDocument(document: Document.Parsed, positions: Positions): YamlDocument | null {
  const syntax = [...document.errors, ...document.warnings].map((fault) => ({
    at: positions(fault.pos[0]),
    message: `YAML: ${withoutSource(fault.message)}`,
  }));
  const { contents } = document;
  const empty = contents === null || (isScalar(contents) && contents.value === null);
  if (empty && syntax.length === 0) return null;

  const conversion = new Conversion(positions);
  const start = positions(contents?.range[0] ?? document.range[0]);
  const root = contents === null ? conversion.leaf(null, start) : conversion.convert(contents);
  const flaws = [...syntax, ...conversion.flaws];
  const more = flaws.length - MAX_FLAWS;
  if (more > 0) flaws.splice(MAX_FLAWS, more, { at: start, message: `and ${more} more faults` });
  return { root, sound: syntax.length === 0 && conversion.sound, flaws };
}

/** The library ends some messages with the offending source, which may be a secret. */
function withoutSource(message: string): string {
  const stated = message.replace(/: ".*$/s, '');
  const safe = visible(stated.includes('@') ? (stated.split(':', 1)[0] ?? '') : stated);
  return safe.length > 120 ? `${safe.slice(0, 120)}…` : safe;
}

const CHILDLESS: Located['children'] = new Map();

class Conversion {
  readonly flaws: Flaw[] = [];
  sound = true;
  /** Anchors of what was read so far, so that an alias can neither reach ahead nor into itself. */
  private readonly anchors = new Map<string, { node: Located; size: number }>();
  private readonly positions: Positions;
  private size = 0;
  private aliased = 0;

  constructor(positions: Positions) {
    this.positions = positions;
  }

  convert(node: ParsedNode): Located {
    const at = this.positions(node.range[0]);
    if (isAlias(node)) return this.resolve(node.source, at);
    const before = this.size;
    this.size += 1;
    const located = this.build(node, at);
    if (node.anchor !== undefined) {
      this.anchors.set(node.anchor, { node: located, size: this.size - before });
    }
    return located;
  }

  leaf(value: unknown, at: Position): Located {
    return { value, at, children: CHILDLESS };
  }

  private build(node: Exclude<ParsedNode, Alias.Parsed>, at: Position): Located {
    if (isMap(node)) return this.mapping(node, at);
    if (isSeq(node)) return this.list(node, at);
    return this.scalar(node, at);
  }

  private resolve(name: string, at: Position): Located {
    const anchor = this.anchors.get(name);
    if (anchor === undefined) {
      return this.broken(at, `the alias *${visible(name.slice(0, 40))} names no anchor before it`);
    }
    this.aliased += anchor.size;
    this.size += anchor.size;
    if (this.aliased > MAX_ALIASED) return this.broken(at, `aliases repeat more than ${MAX_ALIASED} values`);
    return { ...anchor.node, at };
  }

  private broken(at: Position, message: string): Located {
    // One alias too many is followed by thousands more: said once.
    if (!this.flaws.some((flaw) => flaw.message === message)) this.flaws.push({ at, message });
    this.sound = false;
    return this.leaf(null, at);
  }

  private mapping(node: YAMLMap<ParsedNode, ParsedNode | null>, at: Position): Located {
    const children = new Map<string, { key: Position; node: Located }>();
    const value: Record<string, unknown> = {};
    for (const pair of node.items) {
      const keyAt = this.positions(pair.key.range[0]);
      const key = this.keyText(pair.key, keyAt);
      const child = pair.value === null ? this.leaf(null, keyAt) : this.convert(pair.value);
      if (key === null) continue;
      const earlier = children.get(key);
      if (earlier !== undefined) {
        this.flaws.push({
          at: keyAt,
          message: `the key ${excerpt(key)} stands here twice, first in line ${earlier.key.line}`,
        });
        continue;
      }
      children.set(key, { key: keyAt, node: child });
      value[key] = child.value;
    }
    return { value, at, children };
  }

  private keyText(key: ParsedNode, at: Position): string | null {
    if (!isScalar(key)) {
      this.flaws.push({ at, message: 'a key must be plain text' });
      return null;
    }
    const text = typeof key.value === 'string' ? key.value : (key.source ?? '');
    if (text === '__proto__') {
      this.flaws.push({ at, message: '"__proto__" cannot be a key' });
      return null;
    }
    return text;
  }

  private list(node: YAMLSeq<ParsedNode>, at: Position): Located {
    const items = node.items.map((item) => this.convert(item));
    const children = new Map(items.map((item, index) => [String(index), { key: item.at, node: item }]));
    return { value: items.map((item) => item.value), at, children };
  }

  private scalar(node: { value: unknown; source?: string }, at: Position): Located {
    const { value, source } = node;
    // `1.10` would become 1.1, `007` 7 and a long number a rounded one, all silently.
    const lossy = (typeof value === 'number' || typeof value === 'boolean') && String(value) !== source;
    if (lossy) {
      const plain =
        typeof value === 'boolean' ? 'true or false' : 'a plainly written number such as 7 or 1.5';
      this.flaws.push({ at, message: `expected ${plain}; quote it if it is text` });
    }
    return this.leaf(value, at);
  }
}
