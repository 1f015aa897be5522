import { defineConfig } from 'vitest/config';

/** For `npm run fuzz`: one property after the other, each for its share of the time. */
export default defineConfig({
  test: { include: ['test/fuzz/long.ts'], reporters: ['tree'], hookTimeout: 60_000 },
});
