import { defineConfig } from 'vitest/config';

/** Whole jobs in real time, one after the other on a live service: minutes, so `.ci/run` has them. */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
});
