import { defineConfig } from 'vitest/config';

/** Thousands of seeds of the simulation, which computes and never waits: a file for each core. */
export default defineConfig({
  test: {
    include: ['test/simulation/**/*.test.ts'],
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
