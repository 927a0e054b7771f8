/**
 * Removes runs and migrations that ended before an instant. Their healthy objects are most of the rows:
 * those go with their partition, once all its runs are gone.
 */
import { type Database, statementsOf } from './database.ts';
import { BLOCK_RUNS } from './schema.ts';

const SQL = statementsOf('prune', {
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
  // Not the newest two: a run that is being opened is not seen yet.
  blocks: `
    SELECT block.name FROM (
      SELECT relname::text AS name, substring(relname::text FROM '[0-9]+$')::bigint AS number
      FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
      WHERE inhparent = 'waybill.lines'::regclass
    ) AS block
    WHERE block.number < (SELECT MAX(number) FROM waybill.runs) / ${BLOCK_RUNS} - 1
      AND NOT EXISTS (
        SELECT FROM waybill.runs WHERE number / ${BLOCK_RUNS} = block.number)`,
});

/** Repeated, it goes on. @returns how many runs @throws StoreError */
export function pruneRuns({ transaction }: Database, before: Date): Promise<number> {
  return transaction(async (query, later) => {
    await query(SQL.patience);
    await query(SQL.migrations, before.getTime());
    const rows = await query(SQL.runs, before.getTime());
    const runs = rows.map((row) => String(row['run_id']));
    for (const sql of [SQL.shards, SQL.transfers, SQL.notes]) later(sql, runs);
    later(SQL.claims, before.getTime(), runs);
    for (const { name } of await query(SQL.blocks)) {
      later({ name: `drop ${name}`, text: `DROP TABLE waybill.${name}` });
    }
    return runs.length;
  });
}
