import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { formatProblem, validate } from '../../src/desired/validate.ts';
import { manifestFolder } from '../../src/desired/manifests.ts';
import { folderOf } from './folder-of.ts';

test('every file in manifests/ parses', async () => {
  const { problems, files, recipes } = await validate(['manifests']);
  expect(problems.map(formatProblem)).toEqual([]);
  expect(files).toContain('manifests/reconciler.yaml');
  expect(recipes.length).toBeGreaterThanOrEqual(2);
});

test('the samples are enrolled, and their upstreams are public', async () => {
  const { manifests } = await manifestFolder('manifests', { knownRecipes: () => Promise.resolve([]) }).load();
  for (const { enrolled, upstream } of manifests) {
    expect(enrolled).toBe(true);
    expect(upstream).toMatch(/^https:\/\/git\.coopcloud\.tech\/coop-cloud\//);
  }
});

test('the complete documents in the reference are valid manifests', async () => {
  const text = await readFile('docs/manifest.md', 'utf8');
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, example = '']) => example);
  const whole = examples.filter((example) => example.startsWith('apiVersion:'));
  expect(whole.length).toBeGreaterThanOrEqual(2);
  for (const example of whole) {
    const folder = await folderOf({ 'example.yaml': example });
    expect((await validate([folder])).problems).toEqual([]);
  }
});
