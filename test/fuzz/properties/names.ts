/**
 * Whatever a recipe, a volume, a secret, a check or a variable is called: a manifest with that name is refused, or the
 * name stays in its folder, is no option, and makes a variable that a system takes (invariant I12).
 */
import fc from 'fast-check';
import { basename, dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import { secretFile, volumeFolder } from '../../../src/actuators/drivers/process/data.ts';
import { readStored } from '../../../src/desired/recipe.ts';
import { environmentName } from '../../../src/reconciler/trial-run.ts';
import { Layout } from '../../../src/state/layout.ts';
import { mutated, mutations, oddText } from '../arbitraries.ts';
import { NAMES } from '../corpus/names.ts';
import { property } from '../property.ts';

const layout = new Layout('/state');
const FRAGMENTS = [
  '..',
  '/',
  '.',
  '-',
  '--',
  '\n',
  '\0',
  'A',
  '_',
  '=',
  'constructor',
  '__proto__',
  '.reconcile',
];

const cases = fc.oneof(
  oddText,
  fc
    .tuple(fc.constantFrom('shop', 'a-b-c', 'x'), mutations(FRAGMENTS))
    .map(([text, list]) => mutated(text, list)),
  fc.stringMatching(/^[a-z0-9-]{0,70}$/),
);

export const names = property<string>({
  name: 'names: a recipe, volume, secret, check or variable stays in its place',
  runs: 400,
  share: 0.3,
  corpus: NAMES,
  cases,
  open: async () => ({
    holds: (name) => {
      if (read(name, {}) !== null) assertChild('/state', layout.recipe(name));
      const home = { stack: 'x', folder: '/home' };
      const app = { process: { command: ['x'], volumes: [name], secrets: [name] } };
      if (read('shop', { app }) !== null) {
        assertChild('/home/volumes', volumeFolder(home, name));
        assertChild('/home/secrets', secretFile(home, name));
        expect(environmentName(name)).toMatch(/^[A-Z0-9_]+$/);
      }
      if (read('shop', { app: { env: { [name]: 'x' } } }) !== null) expect(name).toMatch(/^[A-Za-z_]\w*$/);
      const check = { name, phase: 'installed', command: ['x'] };
      if (read('shop', { checks: [check] }) !== null) expect(name).toMatch(/^[\w .-]+$/);
      if (read('shop', { branch: name }) !== null) expect(name).not.toMatch(/^-|\.\.|^\/|[:*?~^[\\]/);
    },
  }),
});

/** Null where it is refused. */
function read(name: string, spec: Record<string, unknown>) {
  const document = {
    apiVersion: 'reconcile/v1',
    kind: 'Recipe',
    metadata: { name },
    spec: { upstream: '/upstream', ...spec },
  };
  return readStored({ file: 'x.yaml', folder: '/manifests', document });
}

function assertChild(folder: string, path: string): void {
  expect(dirname(resolve(path))).toBe(folder);
  expect(join(folder, basename(path))).toBe(path);
  expect(basename(path)).toMatch(/^[a-z0-9]/);
}
