import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, isNothing } from '../../../src/actuators/mirror/difference.ts';

const refs = (entries: Record<string, string>) => new Map(Object.entries(entries));
const never = () => false;

describe('what must change on a mirror', () => {
  it('is nothing where it has what upstream has, whatever else people keep there', () => {
    const wanted = refs({ 'refs/heads/main': 'b', 'refs/tags/1': 't' });
    const found = refs({ 'refs/heads/main': 'b', 'refs/tags/1': 't', 'refs/heads/theirs': 'x' });
    expect(difference(wanted, found, () => true)).toEqual({ updates: [], removals: [], foreignTags: [] });
  });

  it('is each ref that is missing or other, with what the mirror had', () => {
    const wanted = refs({ 'refs/heads/main': 'new', 'refs/tags/1': 'moved', 'refs/tags/2': 'added' });
    const found = refs({ 'refs/heads/main': 'old', 'refs/tags/1': 't' });
    expect(difference(wanted, found, never).updates).toEqual([
      { ref: 'refs/heads/main', from: 'old', to: 'new' },
      { ref: 'refs/tags/1', from: 't', to: 'moved' },
      { ref: 'refs/tags/2', from: null, to: 'added' },
    ]);
  });

  it('takes a tag away only where upstream once had it at that very object', () => {
    const found = refs({ 'refs/tags/withdrawn': 'a', 'refs/tags/reused': 'b', 'refs/tags/theirs': 'c' });
    const had = [
      ['refs/tags/withdrawn', 'a'],
      ['refs/tags/reused', 'other'],
    ];
    const once = (ref: string, object: string) => had.some(([r, o]) => r === ref && o === object);
    expect(difference(refs({}), found, once)).toEqual({
      updates: [],
      removals: [{ ref: 'refs/tags/withdrawn', from: 'a', to: null }],
      foreignTags: ['reused', 'theirs'],
    });
  });

  it('takes away no branch, though upstream once had it', () => {
    expect(isNothing(difference(refs({}), refs({ 'refs/heads/old': 'a' }), () => true))).toBe(true);
  });
});

const name = fc.constantFrom('refs/heads/main', 'refs/heads/x', 'refs/tags/1', 'refs/tags/2', 'refs/tags/3');
const object = fc.constantFrom('a', 'b', 'c');
const anyRefs = fc.dictionary(name, object).map(refs);

it('carried out on any mirror, the changes leave nothing to change, and nothing of people touched', () => {
  fc.assert(
    fc.property(anyRefs, anyRefs, anyRefs, (wanted, found, memory) => {
      const once = (ref: string, at: string) => memory.get(ref) === at;
      const { updates, removals, foreignTags } = difference(wanted, found, once);
      const after = new Map(found);
      for (const { ref, from, to } of [...removals, ...updates]) {
        expect(found.get(ref) ?? null).toBe(from);
        if (to === null) after.delete(ref);
        else after.set(ref, to);
      }
      const again = difference(wanted, after, once);
      expect(isNothing(again)).toBe(true);
      expect(again.foreignTags).toEqual(foreignTags);
      for (const [ref, at] of wanted) expect(after.get(ref)).toBe(at);
      for (const tag of foreignTags)
        expect(after.get(`refs/tags/${tag}`)).toBe(found.get(`refs/tags/${tag}`));
      for (const [ref, at] of found)
        if (ref.startsWith('refs/heads/') && !wanted.has(ref)) expect(after.get(ref)).toBe(at);
    }),
  );
});
