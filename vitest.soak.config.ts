import { defineConfig } from 'vitest/config';

/** The loop for as long as it is asked to run: `npm run soak -- MINUTES`. */
export default defineConfig({
  test: {
    include: ['test/soak/soak.test.ts'],
    testTimeout: 86_400_000,
    reporters: ['default'],
  },
});
