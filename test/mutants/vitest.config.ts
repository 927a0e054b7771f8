import { defineConfig } from 'vitest/config';

/** The tests of the rooms whose mutants are tried; a mutant runs only those that reach it. */
export default defineConfig({
  test: {
    include: [
      'test/unit/shared/audit/{judge,merge-join}.test.ts',
      'test/unit/shared/ledger/{checkpointed-runs,intent,merge}.test.ts',
      'test/unit/shared/limits/{breaker,breaker-shared,calls,limiter}.test.ts',
      'test/unit/shared/limits/rate/{adaptive-rate,leases,workers}.test.ts',
      'test/unit/shared/signing/{callback-token,certificate}.test.ts',
      'test/unit/shared/lib/{s3/presign*,url-secrets}.test.ts',
      'test/unit/shared/manifest/shards.test.ts',
    ],
    testTimeout: 120_000,
  },
});
