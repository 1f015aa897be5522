import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readYaml } from '../../src/desired/document.ts';
import { jsonSchema } from '../../src/desired/json-schema.ts';

interface Node {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, Node>;
  required?: string[];
  additionalProperties?: boolean | Node;
  items?: Node;
  anyOf?: Node[];
}

const KINDS = ['recipe', 'reconciler'] as const;

function schemaOf(kind: 'recipe' | 'reconciler'): Node {
  // As an editor gets it: through JSON.
  return JSON.parse(JSON.stringify(jsonSchema(kind)));
}

/** Every mapping with fixed keys, by its path. */
function mappings(node: Node, path = ''): [string, Node][] {
  const below = [
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => mappings(child, `${path}/${key}`)),
    ...(node.items ? mappings(node.items, `${path}/*`) : []),
    ...(node.anyOf ?? []).flatMap((child) => mappings(child, path)),
  ];
  return node.properties ? [[path, node], ...below] : below;
}

describe.each(KINDS)('the schema of a %s', (kind) => {
  test('describes every key', () => {
    const bare = mappings(schemaOf(kind)).flatMap(([path, node]) =>
      Object.entries(node.properties ?? {})
        .filter(([, child]) => !child.description?.endsWith('.'))
        .map(([key]) => `${path}/${key}`),
    );
    expect(bare).toEqual([]);
  });

  test('refuses unknown keys everywhere', () => {
    const found = mappings(schemaOf(kind));
    expect(found.length).toBeGreaterThan(5);
    for (const [path, node] of found) expect([path, node.additionalProperties]).toEqual([path, false]);
  });
});

test('a minimal recipe needs these keys, and no other', () => {
  const schema = schemaOf('recipe');
  expect(schema.required?.toSorted()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
  expect(schema.properties?.['metadata']?.required).toEqual(['name']);
  expect(schema.properties?.['spec']?.required).toEqual(['upstream']);
});

test('defaults are written as a person would write them', () => {
  const spec = schemaOf('recipe').properties?.['spec']?.properties;
  expect(spec?.['timeout']).toMatchObject({ type: 'string', default: '60m' });
  expect(spec?.['retain']).toMatchObject({ default: 2 });
  expect(schemaOf('reconciler').properties?.['spec']?.properties?.['interval']?.default).toBe('10m');
});

/** The headings of a level, in code quotes, below another heading. */
function headings(text: string, section: string): string[] {
  const start = text.indexOf(`\n## ${section}\n`);
  const end = text.indexOf('\n## ', start + 1);
  return [...text.slice(start, end).matchAll(/^### `(?:spec\.)?([A-Za-z]+)`/gm)].map(([, key = '']) => key);
}

test.each([
  ['recipe', 'Writing a Recipe spec'],
  ['reconciler', 'The Reconciler document'],
] as const)('the reference has a heading for each key of a %s, and for no other', async (kind, section) => {
  const text = await readFile('docs/manifest.md', 'utf8');
  const keys = Object.keys(schemaOf(kind).properties?.['spec']?.properties ?? {});
  expect(headings(text, section).toSorted()).toEqual(keys.toSorted());
});

test('every example in the reference is YAML', async () => {
  const text = await readFile('docs/manifest.md', 'utf8');
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, example = '']) => example);
  expect(examples.length).toBeGreaterThan(5);
  for (const example of examples) {
    const { documents, flaws } = readYaml(example);
    expect([...flaws, ...documents.flatMap((document) => document.flaws)]).toEqual([]);
  }
});
