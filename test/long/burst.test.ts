/** Ten seconds of callbacks at twice what a service takes. */
import { it } from 'vitest';
import { burst } from '../fixtures/burst.ts';

it(
  'G1, G3, G4, G7: callbacks at twice what it takes leave a service alive within its memory, and every id is exact',
  {
    timeout: 300_000,
  },
  () => burst(10, 40_000),
);
