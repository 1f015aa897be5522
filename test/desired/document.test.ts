import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readYaml, type YamlText } from '../../src/desired/document.ts';
import { placeOf } from '../../src/desired/position.ts';

function flawsOf(text: string): string[] {
  const { documents, flaws } = readYaml(text);
  return [...flaws, ...documents.flatMap((document) => document.flaws)].map(
    ({ at, message }) => `${at.line}:${at.column} ${message}`,
  );
}

function valuesOf(text: string): unknown[] {
  return readYaml(text).documents.map(({ root }) => root.value);
}

function firstRoot(text: YamlText) {
  const root = text.documents[0]?.root;
  if (root === undefined) throw new Error('expected a document');
  return root;
}

describe('values', () => {
  test('several documents in one file are read in order', () => {
    expect(valuesOf('a: 1\n---\nb: [x, y]\n')).toEqual([{ a: 1 }, { b: ['x', 'y'] }]);
  });

  test.each(['', '\n\n', '# nothing but words\n', '---\n---\n', '--- # empty\n...\n'])(
    'a text without any value has no documents and no flaws: %j',
    (text) => {
      expect(readYaml(text)).toEqual({ documents: [], flaws: [] });
    },
  );

  test('a merge key is a key like any other', () => {
    expect(valuesOf('a: &x {k: 1}\nb:\n  <<: *x\n')).toEqual([{ a: { k: 1 }, b: { '<<': { k: 1 } } }]);
  });

  test('a directive for YAML 1.1 does not bring its words and merge keys back', () => {
    const [value] = valuesOf('%YAML 1.1\n---\na: yes\nb: {<<: {c: 1}}\n');
    expect(value).toEqual({ a: 'yes', b: { '<<': { c: 1 } } });
  });

  test('an alias repeats the value of its anchor', () => {
    expect(valuesOf('a: &x [1, 2]\nb: *x\n')).toEqual([{ a: [1, 2], b: [1, 2] }]);
  });

  test('keys of the object prototype are data', () => {
    const [value] = valuesOf('constructor: 1\ntoString: 2\n');
    expect(value).toEqual({ constructor: 1, toString: 2 });
  });

  test('numbers and words that keep their text are read as what they are', () => {
    expect(valuesOf('[1, 1.5, -3, true, null, "007", 2026-07-01]')).toEqual([
      [1, 1.5, -3, true, null, '007', '2026-07-01'],
    ]);
  });
});

describe('positions', () => {
  const text = readYaml('spec:\n  checks:\n    - name: a\n      command: [x, y]\n  empty:\n');

  test.each([
    [['spec', 'checks'], 'key', 2, 3],
    [['spec', 'checks', 0], 'value', 3, 7],
    [['spec', 'checks', 0, 'name'], 'key', 3, 7],
    [['spec', 'checks', 0, 'name'], 'value', 3, 13],
    [['spec', 'checks', 0, 'command', 1], 'value', 4, 20],
    [['spec', 'empty'], 'value', 5, 9],
  ] as const)('%j as a %s stands at %d:%d', (path, part, line, column) => {
    expect(placeOf(firstRoot(text), path, part)).toEqual({ line, column });
  });

  test('what is missing stands at the key of the mapping that lacks it', () => {
    expect(placeOf(firstRoot(text), ['spec', 'upstream'], 'value')).toEqual({ line: 1, column: 1 });
    expect(placeOf(firstRoot(text), ['spec', 'checks', 0, 'phase', 'x'], 'key')).toEqual({
      line: 3,
      column: 7,
    });
    expect(placeOf(firstRoot(text), ['nowhere'], 'value')).toEqual({ line: 1, column: 1 });
  });

  test('an aliased value stands where the alias does', () => {
    const root = firstRoot(readYaml('a: &x {k: 1}\nb: *x\n'));
    expect(placeOf(root, ['b'], 'value')).toEqual({ line: 2, column: 4 });
  });

  test('columns are right after carriage returns and in a later document', () => {
    const { documents } = readYaml('a: 1\r\n---\r\nb:\r\n  c: 2\r\n');
    const root = documents[1]?.root;
    expect(root && placeOf(root, ['b', 'c'], 'value')).toEqual({ line: 4, column: 6 });
  });
});

describe('flaws', () => {
  test.each([
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', '3:1 the key "a" stands here twice, first in line 1'],
    ['a key that is a list', '? [a]\n: b\n', '1:3 a key must be plain text'],
    ['a key into the prototype', 'a:\n  __proto__: {}\n', '2:3 "__proto__" cannot be a key'],
    ['an alias without an anchor', 'a: *x\n', '1:4 the alias *x names no anchor before it'],
    ['an alias within its own anchor', 'a: &x [*x]\n', '1:8 the alias *x names no anchor before it'],
    ['a NUL character', 'a: b\nc: \0\n', '2:4 the file holds a NUL character'],
    ['a tag of nobody', 'a: !secret x\n', '1:4 YAML: Unresolved tag: !secret'],
    ['a number that would be rounded', 'a: 1.10\n', '1:4 expected a plainly written number'],
    ['a number with leading zeros', 'a: 007\n', '1:4 expected a plainly written number'],
    ['a number too long to be exact', 'a: 12345678901234567890\n', '1:4 expected a plainly written number'],
    ['a boolean in capitals', 'a: True\n', '1:4 expected true or false'],
    ['a tab as indentation', 'a:\n\tb: 1\n', '2:1 YAML: Tabs are not allowed'],
  ])('%s is found, with its place', (_, text, expected) => {
    const [first = ''] = flawsOf(text);
    expect(first).toContain(expected);
  });

  test('the first of two equal keys is read, and what follows is still judged', () => {
    expect(valuesOf('a: 1\na: 2\nb: 3\n')).toEqual([{ a: 1, b: 3 }]);
  });

  test('broken structure makes a document unsound, a duplicate key does not', () => {
    const soundness = (text: string) => readYaml(text).documents.map(({ sound }) => sound);
    expect(soundness('a: [1\n')).toEqual([false]);
    expect(soundness('a: *x\n')).toEqual([false]);
    expect(soundness('a: 1\na: 2\n')).toEqual([true]);
  });

  test('the syntax error of a line with a password does not show it', () => {
    const flaws = flawsOf('a: b\n"https://alice:hunter2@git.example.org"\n- "https://alice:hunter2@x"\n');
    expect(flaws.length).toBeGreaterThan(0);
    expect(flaws.join()).not.toContain('hunter2');
    expect(flawsOf('a: !<https://alice:hunter2@x> y\n').join()).not.toContain('hunter2');
  });

  test('a thousand faults are reported as twenty and a number', () => {
    const flaws = flawsOf('- &a &b x\n'.repeat(1000));
    expect(flaws.length).toBe(21);
    expect(flaws.at(-1)).toContain('and 980 more faults');
  });
});

describe('hostile texts are refused in bounded time', () => {
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    const name = String.fromCharCode(97 + level);
    const below = String.fromCharCode(96 + level);
    bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${below}`).join(', ')}]`);
  }

  test.each([
    ['aliases of aliases of aliases', bomb.join('\n'), 'aliases repeat more than'],
    ['a million opened lists', '['.repeat(1_000_000), 'nests too deeply'],
    ['a million opened mappings', '{'.repeat(1_000_000), 'nests too deeply'],
    ['a list of lists on one line', '- '.repeat(500_000), 'nests too deeply'],
    ['keys that are keys', '? '.repeat(500_000), 'nests too deeply'],
    ['half a million closing brackets', ']'.repeat(500_000), 'YAML tokens'],
    ['half a million documents', '---\n'.repeat(250_000), 'YAML tokens'],
    ['more than a mebibyte', `a: ${'x'.repeat(1024 * 1024)}`, 'larger than 1024 KiB'],
  ])('%s', (_, text, expected) => {
    const started = performance.now();
    expect(flawsOf(text).join('\n')).toContain(expected);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('thousands of distinct keys are compared without comparing each with each', () => {
    const keys = Array.from({ length: 40_000 }, (_, index) => `k${index}: `).join('\n');
    const started = performance.now();
    expect(flawsOf(keys)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('whatever the text is', () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        'a',
        ':',
        ' ',
        '\n',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '&x ',
        '*x',
        '"',
        "'",
        '|',
        '>',
        '#',
        '\t',
        '---',
        '!t ',
        '? ',
        ',',
        '1',
        '%',
        '\r\n',
      ),
    )
    .map((parts) => parts.join(''));
  const anything = fc.oneof(yamlish, fc.string({ unit: 'binary' }), fc.json());

  test('nothing throws, and every position lies within the text', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const { documents, flaws } = readYaml(text);
        const lines = text.split('\n');
        for (const { at } of [...flaws, ...documents.flatMap((document) => document.flaws)]) {
          expect(at.line).toBeGreaterThanOrEqual(1);
          expect(at.line).toBeLessThanOrEqual(lines.length);
          expect(at.column).toBeGreaterThanOrEqual(1);
          expect(at.column).toBeLessThanOrEqual((lines[at.line - 1] ?? '').length + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('JSON is read as the values that it means', () => {
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\\', '"', '\n', '#', ':') }),
        fc.integer(),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    fc.assert(
      fc.property(plain, (value) => {
        expect(valuesOf(JSON.stringify({ value }))).toEqual([{ value }]);
      }),
    );
  });
});
