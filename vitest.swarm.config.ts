import { defineConfig } from 'vitest/config';

/** What takes a Docker engine: `npm run test:swarm`, which brings one (scripts/test-swarm.mjs). */
export default defineConfig({
  test: {
    include: ['test/**/*.engine.test.ts'],
    globalSetup: ['test/fixtures/swarm/images.ts'],
    // Containers start in seconds, and stacks are watched for some: generous bounds, so that a slow machine is no failure.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    // One engine for all of them, which waits more than it works: every fleet there has recipes of other names.
    maxWorkers: 4,
    maxConcurrency: 4,
    reporters: ['default'],
  },
});
