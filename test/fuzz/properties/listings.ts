/**
 * Whatever git answers when asked for refs: the answer is taken as a whole, or refused with a named error. One that was
 * cut off within a line is never taken (invariant I7).
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { TrialFault } from '../../../src/reconciler/errors.ts';
import { readRefListing } from '../../../src/remotes/ref-listing.ts';
import { mutated, mutations, oddText } from '../arbitraries.ts';
import { property } from '../property.ts';

const ONE = '1'.repeat(40);
const WHOLE = `ref: refs/heads/main\tHEAD\n${ONE}\tHEAD\n${ONE}\trefs/tags/1.0.0+1\n${'2'.repeat(40)}\trefs/tags/1.0.0+1^{}\n`;
const FRAGMENTS = [
  '\t',
  '\n',
  '\r\n',
  '\0',
  'ref: ',
  '^{}',
  'refs/tags/',
  'HEAD',
  ONE,
  'fatal: x\n',
  '\ufffd',
];

const cases = fc.oneof(
  mutations(FRAGMENTS).map((list) => mutated(WHOLE, list)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc
    .array(fc.oneof(fc.constantFrom(...FRAGMENTS), oddText), { maxLength: 20 })
    .map((pieces) => pieces.join('')),
);

export const listings = property<string>({
  name: "git's answers: taken as a whole, or refused by name",
  runs: 1000,
  share: 0.2,
  corpus: {
    'nothing at all': '',
    'one end of line': '\n',
    'half of an object': ONE.slice(0, 20),
    'a line without its end': WHOLE.slice(0, -1),
    'a page of HTML': '<html>\n<body>Welcome</body>\n</html>\n',
    'an object of no length that git has': `${'1'.repeat(50)}\trefs/tags/1.0.0+1\n`,
    'HEAD that stands for a ref of ours': `ref: refs/reconcile/kept/x\tHEAD\n${ONE}\tHEAD\n`,
    'HEAD that stands for a pattern': `ref: refs/heads/*\tHEAD\n${ONE}\tHEAD\n`,
    'what every object has': `${ONE}\t__proto__\n${ONE}\tconstructor\n`,
  },
  cases,
  open: async () => ({
    holds: (text) => {
      const read = readOrRefuse(text);
      if (read === null) return;
      expect(text === '' || text.endsWith('\n')).toBe(true);
      for (const [name, object] of [...read.objects, ...read.peeled]) {
        expect(object).toMatch(/^[0-9a-f]{40}([0-9a-f]{24})?$/);
        expect(name).not.toMatch(/[\t\n]/);
      }
      const cut = text.slice(0, -2);
      if (cut !== '' && !cut.endsWith('\n')) expect(readOrRefuse(cut)).toBeNull();
    },
  }),
});

function readOrRefuse(text: string) {
  try {
    return readRefListing(text, 'the upstream');
  } catch (error) {
    expect(error).toBeInstanceOf(TrialFault);
    return null;
  }
}
