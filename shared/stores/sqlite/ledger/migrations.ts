/** Stores migrations in SQLite. */
import { migrationCursor, pageOf, parseRunCursor } from '../../../ledger/cursors.ts';
import { type KeptMigration, MIGRATION_STATES } from '../../../ledger/migration.ts';
import type { MigrationCalls } from '../../ledger-parts.ts';
import { toMigration } from '../../ledger-rows.ts';
import { prepareAll, type Row, type SqliteFile } from '../file.ts';

const SQL = {
  insert: 'INSERT INTO migrations VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING',
  select: 'SELECT * FROM migrations WHERE migration_id = ?',
  change: `
    UPDATE migrations SET state = ?, closed_at = ?, document = ?, version = version + 1
    WHERE migration_id = ? AND version = ?`,
  page: `
    SELECT * FROM migrations
    WHERE (created_at, migration_id) < (?, ?) AND state IN (SELECT value FROM json_each(?))
      AND (? = 0 OR closed_at IS NULL)
    ORDER BY created_at DESC, migration_id DESC LIMIT ?`,
} as const;

export function createMigrations({ db, write }: SqliteFile): MigrationCalls {
  const sql = prepareAll(db, SQL);
  const find = (migrationId: string): KeptMigration | undefined => {
    const row = sql.select.get(migrationId) as Row | undefined;
    return row && toMigration(row);
  };
  return {
    openMigration: ({ migrationId, createdAt, state, closedAt, document }) =>
      write(() => {
        const times = [createdAt.getTime(), state, closedAt?.getTime() ?? null] as const;
        sql.insert.run(migrationId, ...times, document);
        return find(migrationId) as KeptMigration;
      }, 'synced'),
    migration: async (migrationId) => find(migrationId),
    changeMigration: ({ migrationId, state, closedAt, document, version }) =>
      write(() => {
        const values = [state, closedAt?.getTime() ?? null, document] as const;
        return sql.change.run(...values, migrationId, version).changes === 1;
      }, 'synced'),
    migrations: async ({ states = MIGRATION_STATES, unclosed = false, cursor, limit = 20 }) => {
      const size = Math.min(Math.max(limit, 1), 100);
      const { createdAtMs, runId } = parseRunCursor(cursor);
      const chosen = [JSON.stringify(states), Number(unclosed)] as const;
      const rows = sql.page.all(createdAtMs, runId, ...chosen, size + 1) as Row[];
      return pageOf(rows.map(toMigration), size, migrationCursor);
    },
  };
}
