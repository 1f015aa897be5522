import { expect, test } from 'vitest';
import { didYouMean, nearest } from '../../src/nearest.ts';

const KEYS = ['upstream', 'enrolled', 'reason', 'retain', 'retry', 'timeout', 'checks'];

test.each([
  ['upstraem', 'upstream'],
  ['timeuot', 'timeout'],
  ['Checks', 'checks'],
  ['retian', 'retain'],
  ['check', 'checks'],
  ['retyr', 'retry'],
])('%s most likely means %s', (word, meant) => {
  expect(nearest(word, KEYS)).toBe(meant);
});

test.each(['x', 'volumes', 'everything-at-once', ''])('nothing is close to "%s"', (word) => {
  expect(nearest(word, KEYS)).toBeNull();
});

test('of two close names the closer one is meant, and of two equally close the first', () => {
  expect(nearest('retrz', ['retrying', 'retry'])).toBe('retry');
  expect(nearest('ab', ['aa', 'bb'])).toBe('aa');
});

test('a name of one letter is not close to every other letter', () => {
  expect(nearest('b', ['a'])).toBeNull();
});

test('a hint is a question, or nothing at all', () => {
  expect(didYouMean('upstraem', KEYS)).toBe(', did you mean "upstream"?');
  expect(didYouMean('volumes', KEYS)).toBe('');
});

test('a word of a million letters is answered at once', () => {
  const started = performance.now();
  expect(nearest('a'.repeat(1_000_000), KEYS)).toBeNull();
  expect(performance.now() - started).toBeLessThan(500);
});
