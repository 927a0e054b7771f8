/** Stores runs in PostgreSQL. Their counts are sums over the shards. */
import { pageOf, parseRunCursor, runCursor } from '../../../ledger/cursors.ts';
import { MANY_RUNS } from '../../../ledger/ledger.ts';
import { RUN_STATES } from '../../../ledger/model.ts';
import { createRunStops } from '../../../ledger/stops.ts';
import type { RunCalls } from '../../ledger-parts.ts';
import { type Row, sumsOverShards, toRun } from '../../ledger-rows.ts';
import { type Database, type Query, statementsOf } from '../database.ts';

/** @param runs which of them, as a query */
const withCounts = (runs: string): string => `
  SELECT * FROM (${runs}) AS run CROSS JOIN LATERAL (
    SELECT ${sumsOverShards('GREATEST')}
    FROM waybill.shards WHERE run_id = run.run_id
  ) AS counts ORDER BY created_at DESC, run_id DESC`;

const SQL = statementsOf('runs', {
  // An id of another one is not used up by a repeated opening.
  insert: `
    INSERT INTO waybill.runs (
      run_id, created_at, state, trigger, operation, source, target, task, migration_id)
    SELECT $1, $2, 'planning', $3, $4, $5, $6, $7, $8
    WHERE NOT EXISTS (SELECT FROM waybill.runs WHERE run_id = $1)
    ON CONFLICT DO NOTHING`,
  openBlock: 'SELECT waybill.open_block(number) FROM waybill.runs WHERE run_id = $1',
  select: withCounts('SELECT * FROM waybill.runs WHERE run_id = $1'),
  activate: `
    UPDATE waybill.runs SET state = 'active', shard_count = $2, size_bytes = $3,
      totals = COALESCE($4, totals)
    WHERE run_id = $1 AND state = 'planning'`,
  stop: `
    UPDATE waybill.runs SET state = $2, stopped_at = $3, error = $4, closing_at = NULL
    WHERE run_id = $1 AND state IN ('planning', 'active', 'paused') AND state <> $2 RETURNING 1`,
  resume: `
    UPDATE waybill.runs SET resumed_at = $2, stopped_at = NULL, closing_at = NULL,
      state = CASE WHEN shard_count IS NULL THEN 'planning' ELSE 'active' END
    WHERE run_id = $1 AND state = 'paused' RETURNING 1`,
  beginClosing: `
    UPDATE waybill.runs SET closing_at = COALESCE(closing_at, $2)
    WHERE run_id = $1 RETURNING closing_at`,
  close: `
    UPDATE waybill.runs SET
      state = CASE WHEN state IN ('active', 'paused') THEN 'completed' ELSE state END,
      closed_at = $2, shard_count = COALESCE($3, shard_count),
      size_bytes = COALESCE($4, size_bytes), totals = COALESCE($5, totals)
    WHERE run_id = $1 AND state <> 'planning' AND closed_at IS NULL RETURNING 1`,
  reopen: `
    UPDATE waybill.runs SET state = $2, stopped_at = NULL, closing_at = NULL, closed_at = NULL,
      error = NULL
    WHERE run_id = $1 AND state NOT IN ('planning', 'active', 'paused') RETURNING 1`,
  page: withCounts(`
    SELECT * FROM waybill.runs
    WHERE (created_at, run_id) < ($1, $2) AND state = ANY($3::text[])
      AND ($4::text[] IS NULL OR operation = ANY($4::text[]))
      AND ($5 = 0 OR closed_at IS NULL)
      AND ($6::text IS NULL OR COALESCE(migration_id, '') = $6)
    ORDER BY created_at DESC, run_id DESC LIMIT $7`),
  // Planned tasks of a nightly pass wait for room, and send nothing.
  sending: `
    SELECT COUNT(*) AS runs FROM (
      SELECT FROM waybill.runs WHERE state = 'active' AND shard_count > (
        SELECT COUNT(*) FROM waybill.shards
        WHERE shards.run_id = runs.run_id AND ended = 1
          AND (planned = 0 OR operation = 'retry-failed-objects')
      ) LIMIT ${MANY_RUNS}) AS found`,
  handOver: 'UPDATE waybill.runs SET handed_to = COALESCE(handed_to, $2) WHERE run_id = $1',
});

export function createRuns({ query, queryOnce, transaction }: Database): RunCalls {
  const stops = createRunStops();
  const asked = async (...call: Parameters<typeof queryOnce>): Promise<boolean> =>
    (await queryOnce(...call)).length === 1;
  return {
    openRun: ({ runId, createdAt, trigger, operation, source, target, task, migrationId }) =>
      transaction(async (within) => {
        const parts = [source, target, task].map((part) => (part ? JSON.stringify(part) : null));
        const told = [runId, createdAt.getTime(), trigger, operation, ...parts];
        await within(SQL.insert, ...told, migrationId ?? null);
        await within(SQL.openBlock, runId);
        return toRun((await within(SQL.select, runId))[0] as Row);
      }),
    async activateRun(runId, { shardCount, sizeBytes, totals }) {
      const text = totals ? JSON.stringify(totals) : null;
      await query(SQL.activate, runId, shardCount, sizeBytes, text);
    },
    stops,
    async stopRun(runId, { state, at, error }) {
      const cause = error ? JSON.stringify(error) : null;
      const isStopped = await asked(SQL.stop, runId, state, at.getTime(), cause);
      if (isStopped) stops.announce(runId);
      return isStopped;
    },
    resumeRun: (runId, at) => asked(SQL.resume, runId, at.getTime()),
    async beginClosing(runId, at) {
      const [row] = await query(SQL.beginClosing, runId, at.getTime());
      return row ? new Date(Number(row['closing_at'])) : at;
    },
    closeRun(runId, at, plan) {
      const { shardCount = null, sizeBytes = null, totals } = plan ?? {};
      const text = totals ? JSON.stringify(totals) : null;
      return asked(SQL.close, runId, at.getTime(), shardCount, sizeBytes, text);
    },
    reopenRun: (runId, state) => asked(SQL.reopen, runId, state),
    async run(runId) {
      const [row] = await query(SQL.select, runId);
      return row && toRun(row);
    },
    countSending: async () => Number((await query(SQL.sending))[0]?.['runs']),
    async handOver(runId, to) {
      await query(SQL.handOver, runId, to);
    },
    runs: (filter) => readPage(query, filter),
  };
}

async function readPage(query: Query, filter: Parameters<RunCalls['runs']>[0]) {
  const { states = RUN_STATES, operations, unclosed = false } = filter;
  const { migrationId, cursor, limit = 20 } = filter;
  const size = Math.min(Math.max(limit, 1), 100);
  const from = parseRunCursor(cursor);
  const rows = await query(
    SQL.page,
    ...[from.createdAtMs, from.runId, states, operations ?? null, Number(unclosed)],
    // No id is empty: it stands for runs of none.
    migrationId === undefined ? null : (migrationId ?? ''),
    size + 1,
  );
  return pageOf(rows.map(toRun), size, runCursor);
}
