import { defineConfig } from 'vitest/config';

/** Tests of what `npm run package` made; it must have run. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    globalSetup: 'test/fixtures/variants.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
