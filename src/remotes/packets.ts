/**
 * Git's packet lines: four hexadecimal digits of length, themselves included, then so many bytes less four. Bodies come as
 * text of one character for each byte, which is read several times as fast as the bytes; only names need be decoded.
 */

export const FLUSH = '0000';
export const DELIMITER = '0001';

export function packet(text: string): string {
  return `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`;
}

/** An answer that is cut off, or says something that such an answer cannot. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
}

/** What a packet holds, by its place in the body. */
export interface Data {
  kind: 'data';
  start: number;
  end: number;
}

export type Packet = Data | { kind: 'flush'; end: number } | { kind: 'delimiter'; end: number };

/** Throws where the body is cut off, or is no packet line. */
export function packetAt(body: string, offset: number): Packet {
  const length = lengthAt(body, offset);
  if (length === 0) return { kind: 'flush', end: offset + 4 };
  if (length === 1) return { kind: 'delimiter', end: offset + 4 };
  if (length < 4) throw new UnreadableAnswer(`the answer holds a packet of the unknown kind 000${length}`);
  if (offset + length > body.length)
    throw new UnreadableAnswer('the answer is cut off in the middle of a packet');
  return { kind: 'data', start: offset + 4, end: offset + length };
}

function lengthAt(body: string, offset: number): number {
  let length = 0;
  for (let at = offset; at < offset + 4; at++) {
    const digit = digitOf(body.charCodeAt(at));
    if (digit === -1) throw new UnreadableAnswer('the answer is cut off, or not in packet lines');
    length = length * 16 + digit;
  }
  return length;
}

const [ZERO, NINE, A, F, UPPER_TO_LOWER] = [0x30, 0x39, 0x61, 0x66, 0x20];

/** -1 where it is none, or nothing at all. */
function digitOf(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const lower = code | UPPER_TO_LOWER;
  return lower >= A && lower <= F ? lower - A + 10 : -1;
}

/** Where the text of a packet ends: before its end of line, where it has one. */
export function textEnd(body: string, { start, end }: Data): number {
  return end > start && body[end - 1] === '\n' ? end - 1 : end;
}

export function textOf(body: string, data: Data): string {
  return body.slice(data.start, textEnd(body, data));
}

/** What a piece of a body says, its bytes being UTF-8. */
export function decoded(piece: string): string {
  // oxlint-disable-next-line no-control-regex -- anything else than ASCII
  return /[^\u0000-\u007f]/.test(piece) ? Buffer.from(piece, 'latin1').toString('utf8') : piece;
}
