import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/aws/**',
      'test/browser/**',
      'test/docs/**',
      'test/long/**',
      'test/package/**',
      'test/schemathesis/**',
      'test/simulation/**',
      'test/vendors/**',
      'test/proof/**',
      '**/node_modules/**',
    ],
    // Most tests wait more than they compute, so two cores carry two files at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
