/** The embedded ledger: one SQLite file, one process. Tables in `ledger/schema.ts`. */
import type { Ledger } from '../../ledger/ledger.ts';
import type { SqliteFile } from './file.ts';
import { createAuditLog } from './ledger/audit-log.ts';
import { createCounters } from './ledger/counters.ts';
import { createLines } from './ledger/lines.ts';
import { createMigrations } from './ledger/migrations.ts';
import { createNotes } from './ledger/notes.ts';
import { createRetention } from './ledger/retention.ts';
import { createRuns } from './ledger/runs.ts';
import { LEDGER_TABLES } from './ledger/schema.ts';
import { createShards } from './ledger/shards.ts';
import { createTransfers } from './ledger/transfers.ts';
import { prepareTables } from './tables.ts';

/** @throws StoreError (STORE_FAILED) when the file can't hold the tables */
export function createSqliteLedger(file: SqliteFile): Ledger {
  prepareTables(file.db, LEDGER_TABLES);
  const counters = createCounters(file);
  const lines = createLines(file, counters);
  return {
    ...createRuns(file),
    ...createShards(file, counters, lines),
    ...createTransfers(file, counters, lines),
    ...createNotes(file),
    ...createMigrations(file),
    ...createAuditLog(file),
    ...createRetention(file, lines),
  };
}
