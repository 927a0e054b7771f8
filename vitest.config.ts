import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/aws/**',
      'test/browser/**',
      'test/docs/**',
      'test/package/**',
      'test/schemathesis/**',
      'test/vendors/**',
      'test/proof/**',
      '**/node_modules/**',
    ],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
