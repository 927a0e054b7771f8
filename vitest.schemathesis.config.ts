import { defineConfig } from 'vitest/config';

/** Requests made by schemathesis from the OpenAPI document; `npm run test:schemathesis`. */
export default defineConfig({
  test: {
    include: ['test/schemathesis/**/*.test.ts'],
    testTimeout: 180_000,
  },
});
