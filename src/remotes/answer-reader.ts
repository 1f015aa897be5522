/**
 * Reads one HTTP answer as it comes, a character for each byte: one that is plainly framed, by a length or in chunks.
 * Whatever is not plainly that is `NotPlain`, and for Node's own parser to judge: nothing is guessed here.
 */
import { AnswerTooLong, type Answer } from './exchange.ts';

export class NotPlain extends Error {
  override readonly name = 'NotPlain';
}

const LONGEST_HEAD = 16 * 1024;
/** Of a chunk's size, or of nothing where a chunk ends. */
const LONGEST_LINE = 16;
const STATUS = /^HTTP\/1\.1 ([2-5][0-9][0-9])(?: [\t\u0020-\u007e]*)?$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\u0020-\u007e\u0080-\u00ff]*)$/;
/** These answers have no body, whatever they say of its length. */
const WITHOUT_BODY = [204, 205, 304];

interface Head {
  status: number;
  type: string;
  location: string | null;
  /** Null where it comes in chunks. */
  length: number | null;
  closes: boolean;
}

export class AnswerReader {
  readonly #longest: number;
  #text = '';
  #head: Head | null = null;
  #pieces: string[] = [];
  #read = 0;
  /** Bytes of the body, or of the present chunk, that are still to come. */
  #missing = 0;
  #line: 'size' | 'end-of-chunk' | 'end' | null = null;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Whether the connection may be used again. */
  get isKept(): boolean {
    return this.#head?.closes === false;
  }

  /** The answer, once it is whole. Throws `NotPlain` or `AnswerTooLong`. */
  take(piece: string): Answer | null {
    const body = this.#head === null ? this.#takeHead(piece) : piece;
    const head = this.#head;
    if (body === null || head === null) return null;
    const isWhole = head.length === null ? this.#takeChunks(body) : this.#takePlain(body);
    if (!isWhole) return null;
    const { status, type, location } = head;
    return { status, type, location, body: this.#pieces.join('') };
  }

  /** What follows the head; null while that is not whole. */
  #takeHead(piece: string): string | null {
    this.#text += piece;
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1 && this.#text.length <= LONGEST_HEAD) return null;
    if (end === -1 || end > LONGEST_HEAD) throw new NotPlain('its head is too long');
    const head = headIn(this.#text.slice(0, end));
    this.#head = head;
    this.#missing = head.length ?? 0;
    this.#line = head.length === null ? 'size' : null;
    const rest = this.#text.slice(end + 4);
    this.#text = '';
    return rest;
  }

  #takePlain(piece: string): boolean {
    this.#assertShort(this.#missing);
    if (piece.length > this.#missing) throw new NotPlain('more comes than was announced');
    this.#takeBytes(piece, 0);
    return this.#missing === 0;
  }

  #takeChunks(piece: string): boolean {
    for (let at = 0; at < piece.length;) {
      if (this.#line === null) {
        at = this.#takeBytes(piece, at);
        if (this.#missing === 0) this.#line = 'end-of-chunk';
        continue;
      }
      const end = piece.indexOf('\n', at);
      this.#text += piece.slice(at, end === -1 ? undefined : end + 1);
      if (this.#text.length > LONGEST_LINE) throw new NotPlain('a chunk has a line that is too long');
      if (end === -1) return false;
      at = end + 1;
      if (this.#takeLine() && at === piece.length) return true;
      if (this.#line === null && this.#missing === 0) throw new NotPlain('something follows after its end');
    }
    return false;
  }

  /** Says whether that was the last one. */
  #takeLine(): boolean {
    const line = this.#text;
    this.#text = '';
    if (this.#line !== 'size') {
      if (line !== '\r\n') throw new NotPlain('a chunk does not end where it should');
      const isLast = this.#line === 'end';
      this.#line = isLast ? null : 'size';
      return isLast;
    }
    const [, digits] = /^([0-9a-fA-F]{1,8})\r\n$/.exec(line) ?? [];
    if (digits === undefined) throw new NotPlain('a chunk has no plain size');
    this.#missing = Number.parseInt(digits, 16);
    this.#assertShort(this.#missing);
    this.#line = this.#missing === 0 ? 'end' : null;
    return false;
  }

  /** Where what was taken ends. */
  #takeBytes(piece: string, at: number): number {
    const end = Math.min(piece.length, at + this.#missing);
    this.#pieces.push(at === 0 && end === piece.length ? piece : piece.slice(at, end));
    this.#missing -= end - at;
    this.#read += end - at;
    return end;
  }

  #assertShort(missing: number): void {
    if (this.#read + missing > this.#longest)
      throw new AnswerTooLong(`more than ${this.#longest} bytes came back`);
  }
}

function headIn(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const [, status] = STATUS.exec(first) ?? [];
  if (status === undefined || WITHOUT_BODY.includes(Number(status)))
    throw new NotPlain('it begins otherwise');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = HEADER.exec(line) ?? [];
    if (name === undefined) throw new NotPlain('it has a header that is none');
    const key = name.toLowerCase();
    // Which of two counts is for others to say.
    if (FRAMING.includes(key) && headers.has(key)) throw new NotPlain(`it says ${key} twice`);
    if (!headers.has(key)) headers.set(key, value.trim());
  }
  const [type = ''] = (headers.get('content-type') ?? '').split(';', 1);
  return {
    status: Number(status),
    type: type.trim().toLowerCase(),
    location: headers.get('location') ?? null,
    length: lengthIn(headers),
    closes: (headers.get('connection') ?? 'keep-alive').toLowerCase() !== 'keep-alive',
  };
}

const FRAMING = ['content-length', 'transfer-encoding', 'content-type', 'location', 'connection'];

function lengthIn(headers: ReadonlyMap<string, string>): number | null {
  const [length, encoding] = [headers.get('content-length'), headers.get('transfer-encoding')];
  if (length === undefined && encoding?.toLowerCase() === 'chunked') return null;
  if (length === undefined || encoding !== undefined || !/^[0-9]{1,10}$/.test(length))
    throw new NotPlain('its end is not plainly told');
  return Number(length);
}
