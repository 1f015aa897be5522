/** Answers are read as they come, in whatever pieces; what is not plainly framed is left to others. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { AnswerReader, NotPlain } from '../../src/remotes/answer-reader.ts';
import { AnswerTooLong, type Answer } from '../../src/remotes/exchange.ts';

const lines = (...each: string[]): string => each.map((line) => `${line}\r\n`).join('');
const OK = 'HTTP/1.1 200 OK';

const byLength = (body: string): string =>
  lines(OK, 'Content-Type: text/plain; charset=x', `Content-Length: ${body.length}`, '') + body;

const inChunks = (chunks: readonly string[]): string =>
  lines(OK, 'content-type:text/plain', 'Transfer-Encoding: chunked', '') +
  chunks.map((chunk) => lines(chunk.length.toString(16), chunk)).join('') +
  lines('0', '');

function read(text: string, cuts: readonly number[] = [], longest = 1000): Answer | null {
  const reader = new AnswerReader(longest);
  const ends = [...new Set(cuts.map((cut) => cut % text.length))].toSorted((a, b) => a - b);
  let [answer, start]: [Answer | null, number] = [null, 0];
  for (const end of [...ends, text.length]) {
    answer = end === start ? answer : reader.take(text.slice(start, end));
    if (answer !== null && end < text.length) throw new Error('it was whole before its end');
    start = end;
  }
  return answer;
}

const BODY = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', '\u00ff'), maxLength: 40 });
const CUTS = fc.array(fc.nat(400), { maxLength: 12 });

test('an answer says the same in whatever pieces it comes', () => {
  fc.assert(
    fc.property(BODY, CUTS, (body, cuts) => {
      const expected = { status: 200, type: 'text/plain', location: null, body };
      expect(read(byLength(body), cuts)).toEqual(expected);
    }),
  );
  const chunks = fc.array(
    BODY.filter((chunk) => chunk !== ''),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(chunks, CUTS, (each, cuts) => {
      expect(read(inChunks(each), cuts)).toMatchObject({ type: 'text/plain', body: each.join('') });
    }),
  );
});

test('nothing is an answer before its last byte has come', () => {
  for (const text of [byLength('body'), inChunks(['bo', 'dy'])]) {
    for (let end = 1; end < text.length; end++) expect(read(text.slice(0, end))).toBeNull();
  }
});

test('a status that is no success is an answer, with where it points to', () => {
  const text = lines('HTTP/1.1 301 Moved', 'Location: /there', 'Content-Length: 0', '');
  expect(read(text)).toEqual({ status: 301, type: '', location: '/there', body: '' });
});

describe('left to others is', () => {
  it.each<[string, string]>([
    ['another protocol', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['no protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['an interim answer', `${lines('HTTP/1.1 100 Continue', '')}${byLength('x')}`],
    ['an answer without a body', lines('HTTP/1.1 204 No Content', 'Content-Length: 0', '')],
    ['one that ends with its connection', lines(OK, 'Content-Type: text/plain', '')],
    ['two lengths', lines(OK, 'Content-Length: 1', 'Content-Length: 2', '')],
    ['two framings', lines(OK, 'Content-Length: 1', 'Transfer-Encoding: chunked', '')],
    ['another encoding', lines(OK, 'Transfer-Encoding: gzip, chunked', '')],
    ['a length that is none', lines(OK, 'Content-Length: +1', '')],
    ['a header that goes on', lines(OK, 'X: 1', ' 2', 'Content-Length: 0', '')],
    ['a header with a space in its name', lines(OK, 'Content-Length : 0', '')],
    ['bare ends of lines', `${OK}\nContent-Length: 0\r\n\r\n`],
    ['more than was announced', `${byLength('body')}more`],
    ['more after the last chunk', `${inChunks(['body'])}more`],
    ['a chunk without a size', `${lines(OK, 'Transfer-Encoding: chunked', '')}\r\n`],
    ['a size that goes on', `${lines(OK, 'Transfer-Encoding: chunked', '')}4;x=y\r\n`],
    ['a chunk longer than its size', lines(OK, 'Transfer-Encoding: chunked', '', '1', 'ab')],
    ['trailers', lines(OK, 'Transfer-Encoding: chunked', '', '0', 'X: 1')],
    ['a head without end', `${OK}\r\nX: ${'x'.repeat(20_000)}`],
  ])('%s', (_, text) => {
    expect(() => read(text)).toThrow(NotPlain);
  });
});

test('an answer that is too long is ended at once', () => {
  expect(() => read(lines(OK, 'Content-Length: 1001', ''))).toThrow(AnswerTooLong);
  const start = lines(OK, 'Transfer-Encoding: chunked', '');
  expect(() => read(`${start}3e9\r\n`)).toThrow(AnswerTooLong);
  expect(() => read(`${start}3e8\r\n${'x'.repeat(1000)}\r\n1\r\n`)).toThrow(AnswerTooLong);
});
