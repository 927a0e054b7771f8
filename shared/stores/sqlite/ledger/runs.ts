/**
 * Stores runs in SQLite. Their counts are sums over the shards, which change in the transfers'
 * commits.
 */

import type { StatementSync } from 'node:sqlite';
import { pageOf, parseRunCursor, runCursor } from '../../../ledger/cursors.ts';
import { MANY_RUNS } from '../../../ledger/ledger.ts';
import { type NewRun, RUN_STATES, type Run } from '../../../ledger/model.ts';
import { createRunStops } from '../../../ledger/stops.ts';
import type { RunCalls } from '../../ledger-parts.ts';
import { sumsOverShards, toRun } from '../../ledger-rows.ts';
import { prepareAll, type Row, type SqliteFile } from '../file.ts';

const SELECT = `
SELECT runs.*, ${sumsOverShards('MAX')} FROM runs LEFT JOIN shards USING (run_id)`;

const SQL = {
  insert: `
    INSERT INTO runs (
      run_id, created_at, state, trigger, operation, source, target, task, migration_id, number)
    VALUES (?, ?, 'planning', ?, ?, ?, ?, ?, ?, (SELECT IFNULL(MAX(number), 0) + 1 FROM runs))
    ON CONFLICT DO NOTHING`,
  select: `${SELECT} WHERE run_id = ? GROUP BY run_id`,
  activate: `
    UPDATE runs SET state = 'active', shard_count = ?, size_bytes = ?, totals = IFNULL(?, totals)
    WHERE run_id = ? AND state = 'planning'`,
  stop: `
    UPDATE runs SET state = ?, stopped_at = ?, error = ?, closing_at = NULL
    WHERE run_id = ? AND state IN ('planning', 'active', 'paused') AND state <> ?`,
  resume: `
    UPDATE runs SET state = IIF(shard_count IS NULL, 'planning', 'active'), resumed_at = ?,
      stopped_at = NULL, closing_at = NULL
    WHERE run_id = ? AND state = 'paused'`,
  beginClosing: `
    UPDATE runs SET closing_at = IFNULL(closing_at, ?) WHERE run_id = ? RETURNING closing_at`,
  close: `
    UPDATE runs SET state = IIF(state IN ('active', 'paused'), 'completed', state), closed_at = ?,
      shard_count = IFNULL(?, shard_count), size_bytes = IFNULL(?, size_bytes),
      totals = IFNULL(?, totals)
    WHERE run_id = ? AND state <> 'planning' AND closed_at IS NULL`,
  reopen: `
    UPDATE runs SET state = ?, stopped_at = NULL, closing_at = NULL, closed_at = NULL,
      error = NULL
    WHERE run_id = ? AND state NOT IN ('planning', 'active', 'paused')`,
  page: `
    ${SELECT}
    WHERE (created_at, run_id) < (:at, :runId) AND state IN (SELECT value FROM json_each(:states))
      AND (:operations IS NULL OR operation IN (SELECT value FROM json_each(:operations)))
      AND (:unclosed = 0 OR closed_at IS NULL)
      AND (:migrationId IS NULL OR IFNULL(migration_id, '') = :migrationId)
    GROUP BY run_id ORDER BY created_at DESC, run_id DESC LIMIT :limit`,
  // Planned tasks of a nightly pass wait for room, and send nothing.
  sending: `
    SELECT COUNT(*) AS runs FROM (
      SELECT 1 FROM runs WHERE state = 'active' AND shard_count > (
        SELECT COUNT(*) FROM shards
        WHERE shards.run_id = runs.run_id AND ended = 1
          AND (planned = 0 OR operation = 'retry-failed-objects')
      ) LIMIT ${MANY_RUNS})`,
  handOver: 'UPDATE runs SET handed_to = IFNULL(handed_to, ?) WHERE run_id = ?',
} as const;

export function createRuns({ db, write }: SqliteFile): RunCalls {
  const sql = prepareAll(db, SQL);
  const find = (runId: string): Run | undefined => {
    const row = sql.select.get(runId) as Row | undefined;
    return row && toRun(row);
  };

  const stops = createRunStops();
  return {
    openRun: (run: NewRun) =>
      write(() => {
        const { runId, createdAt, trigger, operation, source, target, task, migrationId } = run;
        const parts = [source, target, task].map((part) => (part ? JSON.stringify(part) : null));
        sql.insert.run(
          ...[runId, createdAt.getTime(), trigger, operation, ...parts],
          migrationId ?? null,
        );
        return find(runId) as Run;
      }, 'synced'),
    activateRun: (runId, { shardCount, sizeBytes, totals }) =>
      write(() => {
        sql.activate.run(shardCount, sizeBytes, totals ? JSON.stringify(totals) : null, runId);
      }, 'synced'),
    stops,
    async stopRun(runId, { state, at, error }) {
      const isStopped = await write(() => {
        const cause = error ? JSON.stringify(error) : null;
        return sql.stop.run(state, at.getTime(), cause, runId, state).changes === 1;
      }, 'synced');
      if (isStopped) stops.announce(runId);
      return isStopped;
    },
    resumeRun: (runId, at) =>
      write(() => sql.resume.run(at.getTime(), runId).changes === 1, 'synced'),
    beginClosing: (runId, at) =>
      write(() => {
        const row = sql.beginClosing.get(at.getTime(), runId) as Row | undefined;
        return row ? new Date(Number(row['closing_at'])) : at;
      }, 'synced'),
    closeRun: (runId, at, plan) =>
      write(() => {
        const { shardCount = null, sizeBytes = null, totals } = plan ?? {};
        const text = totals ? JSON.stringify(totals) : null;
        return sql.close.run(at.getTime(), shardCount, sizeBytes, text, runId).changes === 1;
      }, 'synced'),
    reopenRun: (runId, state) => write(() => sql.reopen.run(state, runId).changes === 1, 'synced'),
    run: async (runId) => find(runId),
    countSending: async () => Number((sql.sending.get() as Row)['runs']),
    handOver: (runId, to) =>
      write(() => {
        sql.handOver.run(to, runId);
      }, 'synced'),
    runs: async (filter) => readPage(sql.page, filter),
  };
}

function readPage(page: StatementSync, filter: Parameters<RunCalls['runs']>[0]) {
  const { states = RUN_STATES, operations, unclosed = false } = filter;
  const { migrationId, cursor, limit = 20 } = filter;
  const size = Math.min(Math.max(limit, 1), 100);
  const from = parseRunCursor(cursor);
  const rows = page.all({
    at: from.createdAtMs,
    runId: from.runId,
    states: JSON.stringify(states),
    operations: operations ? JSON.stringify(operations) : null,
    unclosed: Number(unclosed),
    // No id is empty: it stands for runs of none.
    migrationId: migrationId === undefined ? null : (migrationId ?? ''),
    limit: size + 1,
  }) as Row[];
  return pageOf(rows.map(toRun), size, runCursor);
}
