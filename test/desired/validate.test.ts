import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatProblem, validate } from '../../src/desired/validate.ts';
import { folderOf, recipe, reconciler } from './folder-of.ts';

describe('validate', () => {
  test('names the files and the recipes of a folder that is in order', async () => {
    const folder = await folderOf({ 'b.yaml': recipe('b'), 'a.yaml': recipe('z'), 'r.yaml': reconciler() });
    expect(await validate([folder])).toEqual({
      files: ['a.yaml', 'b.yaml', 'r.yaml'].map((name) => join(folder, name)),
      recipes: ['b', 'z'],
      problems: [],
    });
  });

  test('judges files together, whatever their names end in', async () => {
    const folder = await folderOf({ 'one.txt': recipe('a'), 'two.yaml': recipe('a') });
    const { problems, recipes } = await validate([join(folder, 'one.txt'), join(folder, 'two.yaml')]);
    expect(recipes).toEqual([]);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('the name "a" is used more than once'),
      expect.stringContaining('the name "a" is used more than once'),
    ]);
  });

  test('takes a file that is named twice for one', async () => {
    const folder = await folderOf({ 'a.yaml': recipe('a') });
    const result = await validate([folder, join(folder, 'a.yaml'), join(folder, 'a.yaml')]);
    expect(result).toMatchObject({ files: [join(folder, 'a.yaml')], recipes: ['a'], problems: [] });
  });

  test('knows no dependency but those it is shown', async () => {
    const folder = await folderOf({ 'a.yaml': recipe('a', 'dependsOn: [b]'), 'b.yaml': recipe('b') });
    expect((await validate([folder])).problems).toEqual([]);
    expect((await validate([join(folder, 'a.yaml')])).problems).toEqual([
      { file: join(folder, 'a.yaml'), line: 7, column: 15, message: 'no recipe is called "b"' },
    ]);
  });

  test('reports the faults of the Reconciler document', async () => {
    const folder = await folderOf({ 'r.yaml': reconciler('interval: 0s') });
    expect((await validate([folder])).problems).toHaveLength(1);
  });

  test('does not call a place in order where there is nothing', async () => {
    const folder = await folderOf({ 'README.md': '' });
    const missing = join(folder, 'nowhere.yaml');
    const { files, problems } = await validate([folder, missing]);
    expect(problems.map(formatProblem)).toEqual([
      `${folder}:1:1: there is no *.yaml or *.yml below this folder`,
      `${missing}:1:1: cannot read it: it does not exist`,
    ]);
    expect(files).toEqual([]);
  });
});

test('a problem is written so that an editor can go to it', () => {
  expect(formatProblem({ file: 'm/a.yaml', line: 3, column: 7, message: 'wrong' })).toBe(
    'm/a.yaml:3:7: wrong',
  );
});
