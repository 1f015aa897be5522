import { defineConfig } from 'vitest/config';

/** What takes Debian's `prometheus` package: `npm run test:metrics`. */
export default defineConfig({
  test: {
    include: ['test/metrics/prometheus.test.ts'],
    // Fifteen days of rules are computed, and a Prometheus starts: both wait for a processor where others need it too.
    testTimeout: 300_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
