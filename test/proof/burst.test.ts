/** A minute of callbacks at twice what a service takes. */
import { it } from 'vitest';
import { burst } from '../fixtures/burst.ts';

it(
  'G1, G3, G4, G7: a minute of callbacks at twice what it takes leaves a service alive within its memory, and every id is exact',
  {
    timeout: 3_600_000,
  },
  () => burst(60, 500_000),
);
