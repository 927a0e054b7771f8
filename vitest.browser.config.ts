import { defineConfig } from 'vitest/config';

/** The dashboard in a real browser; needs Chromium (Debian: `apt-get install chromium`). */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
