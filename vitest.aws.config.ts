import { defineConfig } from 'vitest/config';

/** Tests against an emulator of AWS, which `npm run test:aws` prepares. */
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
