import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../shared/stores/postgres/database.ts';
import { createPostgresLedger } from '../../shared/stores/postgres/ledger.ts';
import {
  emptyTables,
  hasPostgres,
  openTestDatabase,
  type PostgresServer,
  startPostgres,
} from '../fixtures/postgres.ts';
import { ledgerContract, newRun, newShard } from './ledger.ts';
import { retentionContract } from './retention.ts';

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

  const openLedger = async () => {
    await emptyTables(database);
    return createPostgresLedger(database);
  };
  ledgerContract('PostgreSQL', openLedger);
  retentionContract('PostgreSQL', openLedger);

  it('gives a shard to a worker again whose first answer was lost', async () => {
    await emptyTables(database);
    const ledger = createPostgresLedger(database);
    await ledger.openRun(newRun('r1'));
    const lease = { owner: 'w', at: new Date(), leaseMs: 60_000 };
    expect(await ledger.openShard(newShard('r1'), lease)).toBeTypeOf('object');
    expect(await ledger.openShard(newShard('r1'), lease)).toBeTypeOf('object');
    expect(await ledger.openShard(newShard('r1'), { ...lease, owner: 'other' })).toBe('leased');
  });
});
