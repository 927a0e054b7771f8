/**
 * The ledger in PostgreSQL, for any number of processes beside each other. Facts of one shard that
 * come at once are merged here and written together, under the lock of the shard's row; leases go by
 * the server's clock.
 */
import type { Ledger } from '../../ledger/ledger.ts';
import type { Database } from './database.ts';
import { createAuditLog } from './ledger/audit-log.ts';
import { createFacts } from './ledger/facts.ts';
import { createMigrations } from './ledger/migrations.ts';
import { createNotes } from './ledger/notes.ts';
import { createRuns } from './ledger/runs.ts';
import { createShards } from './ledger/shards.ts';
import { createTransfers } from './ledger/transfers.ts';
import { removeEnded } from './retention.ts';

export const createPostgresLedger = (database: Database): Ledger => ({
  ...createRuns(database),
  ...createShards(database),
  ...createTransfers(database, createFacts(database)),
  ...createNotes(database),
  ...createMigrations(database),
  ...createAuditLog(database),
  removeEnded: (before) => removeEnded(database, before),
});
