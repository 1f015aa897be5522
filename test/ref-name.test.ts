/** What this program takes for a ref's name is what git takes for one: git itself is asked. */
import { execFile } from 'node:child_process';
import fc from 'fast-check';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { possibleRefNames } from '../src/ref-name.ts';

const execute = promisify(execFile);

const isPossible = (name: string): boolean => possibleRefNames([name]).has(name);

const gitTakes = async (name: string): Promise<boolean> =>
  await execute('git', ['check-ref-format', name]).then(
    () => true,
    () => false,
  );

it.each([
  'refs/tags/1.0.0+1',
  'refs/tags/--upload-pack=x',
  'refs/tags/HEAD',
  'refs/tags/@',
  'refs/tags/ä{}"\'$`',
  'refs/tags/a.lock.b',
  'refs/tags/',
  'refs/tags/a..b',
  'refs/tags/../../config',
  'refs/tags/.a',
  'refs/tags/a/.b',
  'refs/tags/a.lock',
  'refs/tags/a.lock/b',
  'refs/tags/a.',
  'refs/tags/a./b',
  'refs/tags/a@{1}',
  'refs/tags/a//b',
  'refs/tags/a b',
  'refs/tags/a:b',
  'refs/tags/a\\b',
  'refs/tags/a^{}',
  'refs/tags/a\u0001b',
  'refs/tags/a\u007Fb',
])('agrees with git about %j', async (name) => {
  expect(isPossible(name)).toBe(await gitTakes(name));
});

it('agrees with git about made-up names', async () => {
  const piece = fc.constantFrom('a', '.', '/', '@', '{', '-', '.lock', '~', '*', ' ', 'é', '+', '1');
  const names = fc
    .array(piece, { minLength: 1, maxLength: 6 })
    .map((pieces) => `refs/tags/${pieces.join('')}`);
  await fc.assert(
    fc.asyncProperty(names, async (name) => {
      expect(isPossible(name)).toBe(await gitTakes(name));
    }),
    { numRuns: 150 },
  );
});

it('takes nothing outside refs', () => {
  expect(possibleRefNames(['HEAD', 'config', '../refs/tags/a', '/refs/tags/a'])).toEqual(new Set());
});

it('of two of which only one can be there takes the shorter one, unless git takes only the longer one', () => {
  const names = [
    'refs/tags/a/b',
    'refs/tags/a',
    'refs/tags/c.',
    'refs/tags/c./d',
    `refs/tags/${'x'.repeat(251)}`,
  ];
  expect(possibleRefNames(names)).toEqual(new Set(['refs/tags/a', 'refs/tags/c./d']));
});
