/**
 * Removes runs and migrations that ended before an instant. Their healthy objects are most of the rows:
 * those go with their partition, once all its runs are gone.
 */
import { type Database, statementsOf } from './database.ts';

const SQL = statementsOf('retention', {
  // Those who wait for the partitions hold up everybody else.
  patience: `SELECT set_config('lock_timeout', '5s', true)`,
  migrations: 'DELETE FROM waybill.migrations WHERE closed_at < $1',
  // Runs of a migration go once it has gone.
  runs: `
    DELETE FROM waybill.runs WHERE closed_at < $1 AND (migration_id IS NULL
      OR NOT EXISTS (SELECT FROM waybill.migrations AS m WHERE m.migration_id = runs.migration_id))
    RETURNING run_id`,
  shards: 'DELETE FROM waybill.shards WHERE run_id = ANY($1::text[])',
  transfers: 'DELETE FROM waybill.transfers WHERE run_id = ANY($1::text[])',
  notes: `DELETE FROM waybill.notes WHERE substring(name FROM '[^ ]+$') = ANY($1::text[])`,
  claims: 'DELETE FROM waybill.claims WHERE at < $1 AND run_id = ANY($2::text[])',
  auditLog: 'DELETE FROM waybill.audit_log WHERE at < $1',
  blocks: 'SELECT waybill.drop_blocks()',
});

/** Repeated, it goes on. @returns how many runs @throws StoreError */
export function removeEnded({ transaction }: Database, before: Date): Promise<number> {
  return transaction(async (query, later) => {
    await query(SQL.patience);
    await query(SQL.migrations, before.getTime());
    const rows = await query(SQL.runs, before.getTime());
    const runs = rows.map((row) => String(row['run_id']));
    for (const sql of [SQL.shards, SQL.transfers, SQL.notes]) later(sql, runs);
    later(SQL.claims, before.getTime(), runs);
    later(SQL.auditLog, before.getTime());
    await query(SQL.blocks);
    return runs.length;
  });
}
