/** Git's packet lines: four hexadecimal digits of length, themselves included, then so many bytes less four. */

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
export function packetAt(body: Buffer, offset: number): Packet {
  const digits = body.toString('latin1', offset, offset + 4);
  if (!/^[0-9a-f]{4}$/i.test(digits))
    throw new UnreadableAnswer('the answer is cut off, or not in packet lines');
  const length = Number.parseInt(digits, 16);
  if (length === 0) return { kind: 'flush', end: offset + 4 };
  if (length === 1) return { kind: 'delimiter', end: offset + 4 };
  if (length < 4) throw new UnreadableAnswer(`the answer holds a packet of the unknown kind ${digits}`);
  if (offset + length > body.length)
    throw new UnreadableAnswer('the answer is cut off in the middle of a packet');
  return { kind: 'data', start: offset + 4, end: offset + length };
}

const NEWLINE = 10;

/** Where the text of a packet ends: before its end of line, where it has one. */
export function textEnd(body: Buffer, { start, end }: Data): number {
  return end > start && body[end - 1] === NEWLINE ? end - 1 : end;
}

export function textOf(body: Buffer, data: Data): string {
  return body.toString('utf8', data.start, textEnd(body, data));
}
