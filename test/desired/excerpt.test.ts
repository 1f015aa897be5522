import fc from 'fast-check';
import { expect, test } from 'vitest';
import { excerpt, hideUserinfo } from '../../src/desired/excerpt.ts';

test.each([
  ['https://alice:hunter2@git.example.org/x', 'https://***@git.example.org/x'],
  ['https://token@git.example.org/x', 'https://***@git.example.org/x'],
  ['https://alice:p@ss/w0rd@git.example.org/x', 'https://***@git.example.org/x'],
  ['alice:hunter2@git.example.org:x', '***@git.example.org:x'],
  ['https:/alice:hunter2@git.example.org', '***@git.example.org'],
  ['git@git.example.org:team/app.git', 'git@git.example.org:team/app.git'],
  ['https://git.example.org/x', 'https://git.example.org/x'],
])('%s is shown as %s', (text, shown) => {
  expect(hideUserinfo(text)).toBe(shown);
});

test('a password stays hidden whatever it consists of', () => {
  const password = fc.string({ unit: 'binary-ascii', minLength: 6 }).map((text) => `S3cret${text}`);
  fc.assert(
    fc.property(password, (secret) => {
      expect(excerpt(`https://alice:${secret}@git.example.org/x`)).not.toContain('S3cret');
    }),
  );
});

test('hiding comes before shortening, so that a long password does not lose its @', () => {
  expect(excerpt(`https://alice:${'x'.repeat(200)}@host/`)).toBe('"https://***@host/"');
});

test('a long text is shortened', () => {
  expect(excerpt('x'.repeat(500)).length).toBeLessThan(100);
});

test('nothing in an excerpt can move a cursor or reverse the text', () => {
  const shown = excerpt('a\u001b[2J\u009b1m\u202Eb\n');
  // oxlint-disable-next-line no-control-regex
  expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(shown).toBe(String.raw`"a\u001b[2J\u009b1m\u202eb\n"`);
});
