import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manifestFolder } from '../../src/desired/manifests.ts';
import { folderOf, load, names, recipe } from './folder-of.ts';

/** One file per recipe, `a: 'b c'` for a that depends on b and c; `spec` goes below it. */
function fleet(edges: Readonly<Record<string, string>>, spec: Readonly<Record<string, string>> = {}) {
  return Object.fromEntries(
    Object.entries(edges).map(([name, others]) => [
      `${name}.yaml`,
      recipe(
        name,
        `dependsOn: [${others.split(' ').filter(Boolean).join(', ')}]`,
        ...(spec[name] ? [spec[name]] : []),
      ),
    ]),
  );
}

describe('the name of a dependency', () => {
  test('may be a manifest, or a recipe that only has a record', async () => {
    const { manifests, problems } = await load(fleet({ a: 'b old', b: '' }), ['old']);
    expect([names(manifests), problems]).toEqual([['a', 'b'], []]);
  });

  test('that nobody knows makes its manifest invalid, and only that one', async () => {
    const { manifests, invalid, messages } = await load(
      fleet({ app: 'keyclaok', keycloak: '', other: 'app' }),
    );
    expect([names(manifests), names(invalid)]).toEqual([['keycloak', 'other'], ['app']]);
    expect(messages).toEqual(['app.yaml:7:15: no recipe is called "keyclaok", did you mean "keycloak"?']);
  });

  test('may be a manifest that is not valid: its canonical can serve', async () => {
    const { manifests } = await load(fleet({ a: 'b', b: '' }, { b: 'retain: 0' }));
    expect(names(manifests)).toEqual(['a']);
  });

  test('is looked up among the records only where a manifest is missing', async () => {
    const folder = await folderOf(fleet({ a: 'b', b: '' }));
    const refuse = () => Promise.reject(new Error('the registry was asked'));
    expect(names((await manifestFolder(folder, { knownRecipes: refuse }).load()).manifests)).toEqual([
      'a',
      'b',
    ]);
    const other = await folderOf(fleet({ a: 'c' }));
    await expect(manifestFolder(other, { knownRecipes: refuse }).load()).rejects.toThrow(
      'the registry was asked',
    );
  });
});

describe('a cycle', () => {
  test('makes all its manifests invalid, and each message begins with its own recipe', async () => {
    const { manifests, messages } = await load(fleet({ a: 'x b', b: 'c', c: 'a', x: '', y: 'a' }));
    expect(names(manifests)).toEqual(['x', 'y']);
    expect(messages).toEqual([
      'a.yaml:7:18: the dependencies form a cycle: a -> b -> c -> a',
      'b.yaml:7:15: the dependencies form a cycle: b -> c -> a -> b',
      'c.yaml:7:15: the dependencies form a cycle: c -> a -> b -> c',
    ]);
  });

  test('is found where it leads through a manifest that is not valid', async () => {
    const { manifests, messages } = await load(fleet({ a: 'b', b: 'a' }, { b: 'retain: 0' }));
    expect(manifests).toEqual([]);
    expect(messages.join('\n')).toContain('a -> b -> a');
  });

  test('of one is a recipe that depends on itself, said once', async () => {
    const { messages } = await load(fleet({ a: 'a' }));
    expect(messages).toEqual(['a.yaml:7:15: a recipe cannot depend on itself']);
  });

  test('is not what a diamond is', async () => {
    const { manifests } = await load(fleet({ a: 'b c', b: 'd', c: 'd', d: '' }));
    expect(names(manifests)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('is found exactly where a recipe can reach itself, in any graph', async () => {
    const all = ['a', 'b', 'c', 'd', 'e'];
    const graph = fc.record(
      Object.fromEntries(all.map((name) => [name, fc.subarray(all.filter((other) => other !== name))])),
    );
    await fc.assert(
      fc.asyncProperty(graph, async (edges) => {
        const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
          (edges[from] ?? []).some(
            (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
          );
        const texts = Object.entries(edges).map(([name, others]) => [name, others.join(' ')] as const);
        const { manifests } = await load(fleet(Object.fromEntries(texts)));
        expect(names(manifests)).toEqual(all.filter((name) => !reaches(name, name)));
      }),
      { numRuns: 50 },
    );
  });
});
