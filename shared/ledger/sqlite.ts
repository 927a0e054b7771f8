/** The embedded ledger: one SQLite file, one process. Tables in `sqlite/schema.ts`. */
import type { SqliteFile } from '../sqlite.ts';
import type { Ledger } from './port.ts';
import { createCounters } from './sqlite/counters.ts';
import { createMarks } from './sqlite/marks.ts';
import { createRuns } from './sqlite/runs.ts';
import { prepareTables } from './sqlite/schema.ts';
import { createShards } from './sqlite/shards.ts';
import { createTransfers } from './sqlite/transfers.ts';

/** @throws StoreError (STORE_FAILED) when the file can't hold the tables */
export function createSqliteLedger(file: SqliteFile): Ledger {
  prepareTables(file.db);
  const counters = createCounters(file);
  return {
    ...createRuns(file),
    ...createShards(file, counters),
    ...createTransfers(file, counters),
    ...createMarks(file),
  };
}
