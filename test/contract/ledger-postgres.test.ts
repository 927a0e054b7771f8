import { afterAll, beforeAll, describe } from 'vitest';
import type { Database } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import {
  emptyTables,
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import { ledgerContract } from './ledger.ts';

describe.runIf(hasPostgres)('PostgreSQL', () => {
  let server: PostgresServer;
  let database: Database;
  beforeAll(async () => {
    server = await startPostgres();
    database = await openTestDatabase(server, 'ledger');
  });
  afterAll(async () => {
    await database.close();
    await server.close();
  });

  ledgerContract('PostgreSQL', async () => {
    await emptyTables(database);
    return createPostgresLedger(database);
  });
});
