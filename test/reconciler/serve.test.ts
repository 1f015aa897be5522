import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapBounded } from '../../src/reconciler/bounded.ts';
import { inDependencyOrder } from '../../src/reconciler/dependencies.ts';
import { serveInOrder } from '../../src/reconciler/serve.ts';
import { manifest } from './world.ts';

/** Any acyclic fleet: each may need those with a smaller number. */
const fleets = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.tuple(...Array.from({ length: size }, (_, index) => fc.subarray([...Array(index).keys()]))),
  )
  .map((needs) => new Map(needs.map((each, index) => [`r${index}`, each.map((need) => `r${need}`)])));

describe('serving in order', () => {
  it('serves everything once, each after all that it needs, never more at a time than allowed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fleets,
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(fc.nat({ max: 3 })),
        async (needs, limit, pauses) => {
          const done: string[] = [];
          let running = 0;
          await serveInOrder(
            [...needs.keys()],
            (name) => needs.get(name) ?? [],
            limit,
            async (name) => {
              expect(++running).toBeLessThanOrEqual(limit);
              expect(done).toEqual(expect.arrayContaining(needs.get(name) ?? []));
              for (let left = pauses.next().value ?? 0; left > 0; left--) await Promise.resolve();
              running -= 1;
              done.push(name);
            },
          );
          expect(done.toSorted()).toEqual([...needs.keys()].toSorted());
        },
      ),
      { numRuns: 200 },
    );
  });

  it('does not wait for what is not served', async () => {
    const served: string[] = [];
    await serveInOrder(
      ['a'],
      () => ['elsewhere'],
      1,
      async (name) => void served.push(name),
    );
    expect(served).toEqual(['a']);
  });

  it('passes on what goes wrong', async () => {
    await expect(
      serveInOrder(
        ['a'],
        () => [],
        1,
        () => Promise.reject(new Error('lost')),
      ),
    ).rejects.toThrow('lost');
  });
});

describe('the order of dependencies', () => {
  it('puts each after what it needs, and does not depend on how manifests are listed', () => {
    fc.assert(
      fc.property(fleets, (needs) => {
        const manifests = [...needs].map(([name, on]) =>
          manifest({ name, dependsOn: on.map((each) => ({ name: each, provide: [] })) }),
        );
        const order = inDependencyOrder(manifests);
        for (const [name, on] of needs)
          for (const need of on) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name));
        expect(inDependencyOrder(manifests.toReversed())).toEqual(order);
        expect(order.length).toBe(needs.size);
      }),
    );
  });
});

describe('bounded work', () => {
  it('does everything, keeps the order of results, and keeps to its limit', async () => {
    let running = 0;
    let most = 0;
    const results = await mapBounded([...Array(50).keys()], 4, async (item) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return item * 2;
    });
    expect(results).toEqual([...Array(50).keys()].map((item) => item * 2));
    expect(most).toBe(4);
  });
});
