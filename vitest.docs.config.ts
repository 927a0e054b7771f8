import { defineConfig } from 'vitest/config';

/** Runs the commands of README and docs; `npx vitest run -c vitest.docs.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/docs/**/*.test.ts'],
    testTimeout: 120_000,
    maxConcurrency: 8,
  },
});
