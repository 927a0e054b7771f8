/**
 * Removes what ended before an instant from SQLite. A run goes in one commit, but for its healthy
 * objects: they are found by its number, which no other run gets, and go some thousand at a time.
 */
import type { RetentionCalls } from '../../ledger-parts.ts';
import { prepareAll, type SqliteFile } from '../file.ts';
import type { Lines } from './lines.ts';

const ENDED = `
  closed_at < :before AND number < (SELECT MAX(number) FROM runs)
  AND NOT EXISTS (SELECT 1 FROM migrations WHERE migrations.migration_id = runs.migration_id)`;

const SQL = {
  migrations: 'DELETE FROM migrations WHERE closed_at < ?',
  auditLog: 'DELETE FROM audit_log WHERE at < ?',
  ended: `SELECT run_id FROM runs WHERE ${ENDED}`,
  run: `DELETE FROM runs WHERE run_id = :run AND ${ENDED}`,
  shards: 'DELETE FROM shards WHERE run_id = ?',
  transfers: 'DELETE FROM transfers WHERE run_id = ?',
  notes: `DELETE FROM notes WHERE substr(name, -1 - length(:run)) = ' ' || :run`,
  claims: 'DELETE FROM claims WHERE run_id = ? AND at < ?',
  // The numbers are few: each step is one look into the key.
  nextNumber: 'SELECT MIN(run) AS run FROM lines WHERE run > ?',
  hasRun: 'SELECT 1 FROM runs WHERE number = ?',
  beyond: 'SELECT shard, line FROM lines WHERE run = ? ORDER BY shard, line LIMIT 1 OFFSET ?',
  linesBelow: 'DELETE FROM lines WHERE run = ? AND (shard, line) < (?, ?)',
  lines: 'DELETE FROM lines WHERE run = ?',
} as const;

/** In one commit, which holds up all others. */
const MOST_LINES = 5_000;

export function createRetention(
  { db, write }: SqliteFile,
  { forget }: Pick<Lines, 'forget'>,
): RetentionCalls {
  const sql = prepareAll(db, SQL);

  const removeRun = (run: string, before: number): Promise<boolean> =>
    write(() => {
      if (sql.run.run({ run, before }).changes === 0) return false;
      sql.shards.run(run);
      sql.transfers.run(run);
      sql.notes.run({ run });
      sql.claims.run(run, before);
      forget(run);
      return true;
    });

  const removeLines = (run: number): Promise<boolean> =>
    write(() => {
      const next = sql.beyond.get(run, MOST_LINES) as Place | undefined;
      if (next) sql.linesBelow.run(run, next.shard, next.line);
      else sql.lines.run(run);
      return next !== undefined;
    });

  return {
    async removeEnded(at, signal) {
      const before = at.getTime();
      await write(() => {
        sql.migrations.run(before);
        sql.auditLog.run(before);
      });
      let removed = 0;
      for (const { run_id: run } of sql.ended.all({ before }) as { run_id: string }[]) {
        if (signal?.aborted) return removed;
        if (await removeRun(run, before)) removed += 1;
      }
      let number = 0;
      for (;;) {
        const { run } = sql.nextNumber.get(number) as { run: number | null };
        if (run === null) return removed;
        number = run;
        if (sql.hasRun.get(run)) continue;
        while (await removeLines(run)) if (signal?.aborted) return removed;
      }
    },
  };
}

interface Place {
  readonly shard: number;
  readonly line: number;
}
