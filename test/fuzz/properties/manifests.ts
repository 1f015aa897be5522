/**
 * Whatever lies in the manifest folder: reading it never fails, every problem has a place that an editor can go to, no
 * secret is quoted, and the other recipes stay valid (invariants I10 and I12).
 */
import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { manifestFolder } from '../../../src/desired/manifests.ts';
import { formatProblem } from '../../../src/desired/problems.ts';
import type { Problem } from '../../../src/reconciler/model.ts';
import { mutated, mutations, oddText, STEERS_A_TERMINAL } from '../arbitraries.ts';
import { MANIFESTS, SECRET, WHOLE_RECIPE, WHOLE_RECONCILER } from '../corpus/manifests.ts';
import { property } from '../property.ts';

const NEIGHBOUR = `apiVersion: reconcile/v1
kind: Recipe
metadata: {name: the-neighbour}
spec: {upstream: https://git.example.org/neighbour.git}
`;

const FRAGMENTS = [
  '---\n',
  '...\n',
  '- ',
  '? ',
  ': ',
  ' #',
  '&a ',
  '*a',
  '<<: *a\n',
  '!!js/function ',
  '!!binary ',
  '!<tag:x> ',
  '| \n',
  '>-\n',
  '\t',
  '\r\n',
  '\ufeff',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ',',
  '%YAML 1.1\n',
  '__proto__: ',
  'constructor: ',
  '  ',
  '\n',
  'null',
  '~',
  '.inf',
  '0x1F',
  '1e999',
  '2026-02-30',
  'spec:\n',
  'kind: Reconciler\n',
  'kind: Recipe\n',
  'name: the-neighbor\n',
];

/** A secret that a mutation takes out of its place, to where text is quoted, is no secret any more. */
const withoutSecret = (text: string): string => text.replaceAll(SECRET, 'nothing-secret');

const cases: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(fc.oneof(fc.constantFrom(...FRAGMENTS), oddText), { maxLength: 40 })
    .map((pieces) => pieces.join('')),
  fc
    .tuple(fc.constantFrom(WHOLE_RECIPE, WHOLE_RECONCILER), mutations(FRAGMENTS))
    .map(([text, list]) => mutated(withoutSecret(text), list)),
  fc.tuple(fc.nat(8), oddText).map(([count, text]) => hidden(count, text)),
);

/** A secret in a place where secrets are hidden, with whatever else around it. */
function hidden(place: number, odd: string): string {
  const quoted = JSON.stringify(odd);
  const spec = [
    `{upstream: ${JSON.stringify(`https://user:${SECRET}${odd}@git.example.org/x`)}}`,
    `{upstream: ${JSON.stringify(`https://${odd}:${SECRET}@git.example.org/${odd}`)}}`,
    `{upstream: ${JSON.stringify(`user:${SECRET}@${odd}`)}}`,
    `{upstream: /x, app: {env: {${quoted}: ${SECRET}}}}`,
    `{upstream: /x, app: {env: {A: [${SECRET}], B: ${quoted}}}}`,
    `{upstream: /x, app: {process: {command: [x, ${SECRET}, {a: ${SECRET}}, ${quoted}]}}}`,
    `{upstream: /x, app: ${SECRET}, checks: ${SECRET}, timeout: ${quoted}}`,
    `{upstream: /x, checks: [{name: ${quoted}, command: [${SECRET}]}]}`,
    `{upstream: /x, mirror: {url: ${JSON.stringify(`ssh://user:${SECRET}@${odd}`)}}}`,
  ][place];
  return `apiVersion: reconcile/v1\nkind: Recipe\nmetadata: {name: hidden}\nspec: ${spec}\n`;
}

export const manifests = property<string | Uint8Array>({
  name: 'manifests: read without failing, blamed at a place in the file, and harmless to their neighbours',
  runs: 400,
  corpus: MANIFESTS,
  cases,
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fuzz-manifests-'));
    const file = join(folder, 'hostile.yaml');
    await writeFile(join(folder, 'neighbour.yaml'), NEIGHBOUR);
    const prototype = Object.getOwnPropertyNames(Object.prototype);
    return {
      holds: async (contents) => {
        await writeFile(file, contents);
        const fleet = await manifestFolder(folder, { knownRecipes: () => Promise.resolve([]) }).load();
        expect(fleet.manifests.map(({ name }) => name)).toContain('the-neighbour');
        const lines = Buffer.from(contents)
          .toString('utf8')
          .replace(/^\uFEFF/, '')
          .split('\n');
        for (const problem of fleet.problems) assertHelpful(problem, file, lines);
        if (!fleet.config.readable) expect(fleet.config.why).not.toContain(SECRET);
        expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototype);
        expect(Reflect.get({}, 'polluted')).toBeUndefined();
        expect(Reflect.get(globalThis, 'polluted')).toBeUndefined();
      },
      close: () => rm(folder, { recursive: true }),
    };
  },
});

/** Without the test library's own matchers: a file may have thousands of problems. */
function assertHelpful(problem: Problem, file: string, lines: readonly string[]): void {
  const text = formatProblem(problem);
  const refuse = (why: string): never => {
    throw new Error(`${why}: ${JSON.stringify(text)}`);
  };
  if (problem.file !== file) refuse('another file is blamed');
  if (text.includes(SECRET)) refuse('a problem tells a secret');
  if (STEERS_A_TERMINAL.test(text)) refuse('a problem holds characters that steer a terminal');
  if (text.length > 2000) refuse('a problem is longer than anybody reads');
  const line = lines[problem.line - 1];
  if (line === undefined) return refuse('there is no such line');
  if (problem.column < 1 || problem.column > line.length + 1) refuse('there is no such column');
}
