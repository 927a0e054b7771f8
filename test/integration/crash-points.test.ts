/** The process ends at every one of its calls, and another one goes on: no point makes a difference. */
import { describe, it } from 'vitest';
import { openBatch } from '../fixtures/crash-jobs/batch.ts';
import { openFetch } from '../fixtures/crash-jobs/fetch.ts';
import { openOmsCreate } from '../fixtures/crash-jobs/oms-create.ts';
import { openOmsStart } from '../fixtures/crash-jobs/oms-start.ts';
import { openSqliteSite, provePoints } from '../fixtures/crash-points.ts';

const JOBS = {
  fetch: openFetch,
  'OMS start': openOmsStart,
  'OMS create': openOmsCreate,
  Batch: openBatch,
};

describe('G1, G2, G3: a process that ends at any of its calls loses and doubles nothing', () => {
  it.each(Object.entries(JOBS))(
    '%s',
    async (name, open) => {
      await provePoints(name, openSqliteSite, open);
    },
    300_000,
  );
});
