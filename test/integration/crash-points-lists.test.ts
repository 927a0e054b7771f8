/** Lists, audits and migrations: the process ends at every one of its calls, and another one goes on. */
import { describe, it } from 'vitest';
import { prepareAudit } from '../fixtures/crash-jobs/audit.ts';
import { prepareList } from '../fixtures/crash-jobs/list.ts';
import { prepareMigration } from '../fixtures/crash-jobs/migration.ts';
import { openSqliteSite, provePoints } from '../fixtures/crash-points.ts';

const JOBS = { list: prepareList, audit: prepareAudit, migration: prepareMigration };

describe('G1, G3, G13: a process that ends at any of its calls loses and doubles nothing', () => {
  it.each(Object.entries(JOBS))(
    '%s',
    async (name, prepare) => {
      await provePoints(name, openSqliteSite, await prepare());
    },
    300_000,
  );
});
