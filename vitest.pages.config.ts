import { defineConfig } from 'vitest/config';

/** What takes Debian's `chromium` package: `npm run test:pages`. */
export default defineConfig({
  test: {
    include: ['test/http/browser/*.test.ts'],
    // A browser starts for each file, and waits for a processor where others need it too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
