/** Stores migrations in PostgreSQL. */
import { migrationCursor, pageOf, parseRunCursor } from '../../../ledger/cursors.ts';
import { MIGRATION_STATES } from '../../../ledger/migration.ts';
import type { MigrationCalls } from '../../ledger-parts.ts';
import { type Row, toMigration } from '../../ledger-rows.ts';
import { type Database, statementsOf } from '../database.ts';

const SQL = statementsOf('migrations', {
  insert: `
    INSERT INTO waybill.migrations VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING`,
  select: 'SELECT * FROM waybill.migrations WHERE migration_id = $1',
  change: `
    UPDATE waybill.migrations SET state = $1, closed_at = $2, document = $3, version = version + 1
    WHERE migration_id = $4 AND version = $5 RETURNING 1`,
  page: `
    SELECT * FROM waybill.migrations
    WHERE (created_at, migration_id) < ($1, $2) AND state = ANY($3::text[])
      AND ($4 = 0 OR closed_at IS NULL)
    ORDER BY created_at DESC, migration_id DESC LIMIT $5`,
});

export function createMigrations({ query, queryOnce }: Database): MigrationCalls {
  const find = async (migrationId: string) => {
    const [row] = await query(SQL.select, migrationId);
    return row && toMigration(row);
  };
  return {
    async openMigration({ migrationId, createdAt, state, closedAt, document }) {
      const times = [createdAt.getTime(), state, closedAt?.getTime() ?? null] as const;
      await query(SQL.insert, migrationId, ...times, document);
      return toMigration((await query(SQL.select, migrationId))[0] as Row);
    },
    migration: find,
    async changeMigration({ migrationId, state, closedAt, document, version }) {
      const values = [state, closedAt?.getTime() ?? null, document] as const;
      return (await queryOnce(SQL.change, ...values, migrationId, version)).length === 1;
    },
    async migrations({ states = MIGRATION_STATES, unclosed = false, cursor, limit = 20 }) {
      const size = Math.min(Math.max(limit, 1), 100);
      const { createdAtMs, runId } = parseRunCursor(cursor);
      const asked = [createdAtMs, runId, states, Number(unclosed), size + 1] as const;
      const rows = await query(SQL.page, ...asked);
      return pageOf(rows.map(toMigration), size, migrationCursor);
    },
  };
}
