/** Every property with its corpus and a bounded number of made-up cases. `npm run fuzz` goes on for longer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROPERTIES } from './properties.ts';
import type { Property } from './property.ts';

describe.each(PROPERTIES)('$name', ({ open, corpus, runs }) => {
  let opened: Awaited<ReturnType<Property['open']>>;

  beforeAll(async () => {
    opened = await open();
  });

  afterAll(async () => {
    await opened.close();
  });

  it.each(corpus)('for %s', async (name) => {
    await expect(opened.try(name)).resolves.toBeUndefined();
  });

  it(`for ${runs} made-up cases`, async () => {
    const { failure, cases } = await opened.search({ runs });
    expect(failure).toBeNull();
    expect(cases).toBe(runs);
  });
});
