import { defineConfig } from 'vitest/config';

/** Promises at their full size, in real time: minutes; `npm run proof`. */
export default defineConfig({
  test: {
    include: ['test/proof/**/*.test.ts'],
    env: { NODE_DISABLE_COMPILE_CACHE: '1' },
    testTimeout: 600_000,
    fileParallelism: false,
  },
});
