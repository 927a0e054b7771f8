/** Reads a whole SQLite file of ledger and queue, for it to be copied. */
import { openSqliteFile, type Row } from './file.ts';
import { createSqliteLedger } from './ledger.ts';
import { createSqliteQueue } from './queue.ts';

interface SqliteContents {
  rows(table: string): Iterable<Row>;
  close(): Promise<void>;
}

/** Brings its tables to this version first. @throws StoreError when it can't be opened */
export function openSqliteContents(path: string): SqliteContents {
  const file = openSqliteFile(path);
  createSqliteLedger(file);
  createSqliteQueue(file, { name: 'shards' });
  return {
    rows: (table) => file.db.prepare(`SELECT * FROM ${table}`).iterate() as Iterable<Row>,
    close: () => file.close(),
  };
}
