/** Half an hour of mixed load on services; `WAYBILL_TEST_MINUTES` sets the time. */
import { it } from 'vitest';
import { soakBoth } from '../fixtures/soaked.ts';

const MINUTES = Number(process.env['WAYBILL_TEST_MINUTES'] ?? 30);
const TIME = { seconds: MINUTES * 60, everyMs: 10_000 };

it(
  `G1, G2, G7: memory, handles and event-loop delay stay flat over ${MINUTES} minutes of mixed load, and every id is exact`,
  {
    timeout: (MINUTES + 15) * 60_000,
  },
  () => soakBoth(TIME),
);
