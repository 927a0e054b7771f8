/** Lists, audits and migrations: the process ends at every one of its calls, and another one goes on. */
import { it } from 'vitest';
import { LISTINGS } from '../fixtures/crash-jobs/all.ts';
import { openSqliteSite, provePoints } from '../fixtures/crash-points.ts';

it.each(Object.entries(LISTINGS))(
  'G1, G3, G13: %s loses and doubles nothing, wherever its process ends',
  async (name, prepare) => {
    await provePoints(name, openSqliteSite, await prepare());
  },
  300_000,
);
