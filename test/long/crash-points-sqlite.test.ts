/** The process ends at every one of its calls, and another one goes on: no point makes a difference. */
import { it } from 'vitest';
import { SUBMISSIONS } from '../fixtures/crash-jobs/all.ts';
import { openSqliteSite, provePoints } from '../fixtures/crash-points.ts';

it.each(Object.entries(SUBMISSIONS))(
  'G1, G2, G3: %s loses and doubles nothing, wherever its process ends',
  async (name, prepare) => {
    await provePoints(name, openSqliteSite, await prepare());
  },
  300_000,
);
