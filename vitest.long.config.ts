import { defineConfig } from 'vitest/config';

/** Whole jobs in real time, and every point of a crash: minutes, so `.ci/run` has them. They wait more than they compute. */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 30_000,
    maxWorkers: 3,
  },
});
