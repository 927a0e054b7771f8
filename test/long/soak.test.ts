/** A minute of mixed load on services: what they hold stays, and every object is exact. */
import { it } from 'vitest';
import { soakBoth } from '../fixtures/soaked.ts';

const TIME = { seconds: 50, everyMs: 2_000 };

it(
  'G1, G2, G7: memory, handles and event-loop delay stay flat under mixed load, and every id is exact',
  {
    timeout: 300_000,
  },
  () => soakBoth(TIME),
);
