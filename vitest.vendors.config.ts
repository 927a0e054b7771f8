import { defineConfig } from 'vitest/config';

/** The vendors' own clients against the simulator; `npm run vendors` installs them. */
export default defineConfig({
  test: {
    include: ['test/vendors/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
