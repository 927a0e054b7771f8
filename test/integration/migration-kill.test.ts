/** The service is killed three times during a migration, and goes on by its clock. */
import { expect, it } from 'vitest';
import { killMigration } from '../fixtures/killed-migration.ts';

it('G1, G2: a migration of 20,000 keys loses and doubles none after kill -9 in listing, pilot and moving', async () => {
  const { live, keys, gone } = await killMigration(20_000);
  const sent = Map.groupBy(live.simulator.submissions(), ({ key }) => key);
  expect(sent.size).toBe(keys.length);
  // What a kill leaves unanswered is sent again only where it did not arrive.
  const again = [...sent].filter(([, tasks]) => tasks.length > 1).map(([key]) => key);
  const unanswered = 100 * 3;
  expect(again.length).toBeLessThan(unanswered);
  expect(gone.size).toBe(400);
}, 240_000);
