import { defineConfig } from 'vitest/config';

/** Tests against an emulator of AWS; `npm run test:aws` prepares it and packages the stack first. */
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
