import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { manifestFolder } from '../../src/desired/manifests.ts';
import { formatProblem } from '../../src/desired/problems.ts';
import type { Fleet } from '../../src/reconciler/model.ts';

/** A real folder with these files, removed when the test ends. */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'manifests-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), contents);
  }
  return folder;
}

export async function load(
  files: Readonly<Record<string, string | Uint8Array>>,
  known: readonly string[] = [],
): Promise<Fleet & { folder: string; messages: string[] }> {
  const folder = await folderOf(files);
  const fleet = await manifestFolder(folder, { knownRecipes: () => Promise.resolve(known) }).load();
  const messages = fleet.problems.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''));
  return { ...fleet, folder, messages };
}

/** A Recipe document; `spec` is YAML, one line per entry, below `upstream`. */
export function recipe(name: string, ...spec: string[]): string {
  return [
    'apiVersion: reconcile/v1',
    'kind: Recipe',
    'metadata:',
    `  name: ${name}`,
    'spec:',
    '  upstream: https://git.example.org/app.git',
    ...spec.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** A Reconciler document; `spec` begins in line 4. */
export function reconciler(...spec: string[]): string {
  const body = spec.length === 0 ? [] : ['spec:', ...spec.map((line) => `  ${line}`)];
  return ['apiVersion: reconcile/v1', 'kind: Reconciler', ...body, ''].join('\n');
}

export function names(entries: readonly { name: string }[]): string[] {
  return entries.map(({ name }) => name);
}
