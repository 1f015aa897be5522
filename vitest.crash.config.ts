import { defineConfig } from 'vitest/config';

/** The whole matrix of crashes and failures: `npm run test:crash`. */
export default defineConfig({
  test: {
    include: ['test/crash/{matrix,disk-full,teardown}.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // Each case is a few runs of the program, which mostly wait.
    maxConcurrency: 4,
    reporters: ['default'],
  },
});
