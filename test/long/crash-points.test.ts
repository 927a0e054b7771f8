/** The crash points over PostgreSQL, where leases and deliveries of the dead end by their time alone. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Database } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import { createPostgresQueue } from '../../shared/stores/postgres/queue.ts';
import { LISTINGS, SUBMISSIONS } from '../fixtures/crash-jobs/all.ts';
import { createSite, provePoints } from '../fixtures/crash-points.ts';
import {
  emptyTables,
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  setClock,
  startPostgres,
} from '../fixtures/postgres.ts';

describe.runIf(hasPostgres)('PostgreSQL', () => {
  let server: PostgresServer;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openTestDatabase(server, 'crashes');
  });
  afterAll(async () => {
    await database.close();
    await server.close();
  });

  const openSite = async () => {
    await emptyTables(database);
    return createSite(async ({ clock }) => {
      const queue = createPostgresQueue(database, { name: 'shards' });
      return {
        ledger: createPostgresLedger(database),
        queue: {
          ...queue,
          // Deliveries end by the server's clock.
          async receive(...given) {
            await setClock(server, 'crashes', clock.at);
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
