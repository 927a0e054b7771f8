/** The crash points over PostgreSQL, where leases and deliveries of the dead end by their time alone. */
import { describe, it } from 'vitest';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { createPostgresQueue } from '../../shared/stores/postgres/queue.ts';
import { LISTINGS, SUBMISSIONS } from '../fixtures/crash-jobs/all.ts';
import { createSite, provePoints } from '../fixtures/crash-points.ts';
import { emptyTables, hasPostgres, usePostgres } from '../fixtures/postgres.ts';

describe.runIf(hasPostgres)('PostgreSQL', () => {
  const { database, setClock } = usePostgres('crashes');

  const openSite = async () => {
    await emptyTables(database());
    return createSite(async ({ clock }) => {
      const queue = createPostgresQueue(database(), { name: 'shards' });
      return {
        ledger: createPostgresLedger(database()),
        queue: {
          ...queue,
          // Deliveries end by the server's clock.
          async receive(...given) {
            await setClock(clock.at);
            return queue.receive(...given);
          },
        },
      };
    });
  };

  it.each(Object.entries({ ...SUBMISSIONS, ...LISTINGS }))(
    'G1, G2, G3, G13: %s loses and doubles nothing, wherever its process ends',
    async (name, prepare) => {
      await provePoints(`${name} on PostgreSQL`, openSite, await prepare());
    },
    600_000,
  );
});
