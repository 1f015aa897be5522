import { describe, expect, it } from 'vitest';
import { readRefListing } from '../../src/remotes/ref-listing.ts';

const ONE = '1'.repeat(40);
const TWO = '2'.repeat(64);

describe('a listing of refs', () => {
  it('says what HEAD stands for, and the objects of refs and of what annotated tags point to', () => {
    const text = `ref: refs/heads/main\tHEAD\n${ONE}\tHEAD\n${ONE}\trefs/tags/a\n${TWO}\trefs/tags/a^{}\n`;
    expect(readRefListing(text, 'x')).toEqual({
      head: 'refs/heads/main',
      objects: new Map([
        ['HEAD', ONE],
        ['refs/tags/a', ONE],
      ]),
      peeled: new Map([['refs/tags/a', TWO]]),
    });
    expect(readRefListing('', 'x')).toEqual({ head: null, objects: new Map(), peeled: new Map() });
  });

  it('is refused wherever it is cut within a line, and where a line is no ref', () => {
    const text = `${ONE}\trefs/tags/1.2.0+1.10\n`;
    for (let end = 1; end < text.length; end++)
      expect(() => readRefListing(text.slice(0, end), 'x')).toThrow('cut off in the middle of a line');
    for (const line of [
      '',
      'warning: x',
      `${ONE} refs/tags/a`,
      `${ONE}\t`,
      `\trefs/tags/a`,
      `12\trefs/tags/a`,
    ])
      expect(() => readRefListing(`${text}${line}\n`, 'the upstream')).toThrow(
        'could not list the refs of the upstream: line 2',
      );
  });

  it('is refused where it is longer than what could be remembered of it', () => {
    const lines = Array.from({ length: 20_001 }, (_, index) => `${ONE}\trefs/tags/${index}\n`);
    expect(() => readRefListing(lines.join(''), 'x')).toThrow('more than 20000 tags');
    expect(readRefListing(lines.slice(1).join(''), 'x').objects.size).toBe(20_000);
  });
});
