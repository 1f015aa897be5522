import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Of the crash suite only a sample: `npm run test:crash` is all of it; and nothing that takes more than Node and git.
    exclude: [
      'test/crash/{matrix,disk-full,teardown}.test.ts',
      'test/metrics/prometheus.test.ts',
      'test/soak/soak.test.ts',
      'test/http/browser/**',
      'test/**/*.engine.test.ts',
    ],
    // Real git, processes and HTTP: generous bounds, so that a slow machine is not a failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    // Tests wait for processes more than they compute: one worker more than there are cores keeps these busy.
    maxWorkers: availableParallelism() + 1,
  },
});
