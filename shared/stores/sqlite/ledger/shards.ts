/** Stores shards in SQLite: their leases, write-ahead intents and tallies. */

import type { IntentWindow } from '../../../ledger/ledger.ts';
import type { Shard } from '../../../ledger/shard.ts';
import type { Tally } from '../../../ledger/tally.ts';
import type { ShardCalls } from '../../ledger-parts.ts';
import {
  fromWindows,
  toMarks,
  toShardRecord,
  toShardState,
  toTransfer,
  toWindows,
  withMark,
} from '../../ledger-rows.ts';
import { prepareAll, type Row, type SqliteFile } from '../file.ts';
import type { Counters } from './counters.ts';
import type { Lines } from './lines.ts';

const SQL = {
  stateOfRun: 'SELECT state FROM runs WHERE run_id = ?',
  select: 'SELECT * FROM shards WHERE run_id = ? AND shard = ?',
  selectRows: 'SELECT * FROM transfers WHERE run_id = ? AND shard = ?',
  selectAll: 'SELECT * FROM shards WHERE run_id = ? AND body IS NOT NULL ORDER BY shard',
  selectStates: `
    SELECT shard, ended, leased_until, updated_at FROM shards
    WHERE run_id = ? AND shard >= ? AND shard < ? AND body IS NOT NULL ORDER BY shard`,
  lease: `
    INSERT INTO shards (run_id, shard, body, owner, leased_until, updated_at)
    VALUES (:run, :shard, :body, :owner, :until, :at)
    ON CONFLICT DO UPDATE SET
      body = excluded.body, owner = excluded.owner,
      leased_until = excluded.leased_until, updated_at = excluded.updated_at`,
  update: `
    UPDATE shards SET windows = :windows, marks = :marks, ended = :ended, owner = :owner, leased_until = :until,
      first = :first, last = :last, lines = :lines, header = :header, blank = :blank,
      quarantined = :quarantined, transfers = :transfers, warnings = :warnings, updated_at = :at
    WHERE run_id = :run AND shard = :shard`,
  extend: `
    UPDATE shards SET windows = :windows, marks = :marks, leased_until = :until, updated_at = :at
    WHERE run_id = :run AND shard = :shard`,
  release: `
    UPDATE shards SET owner = NULL, leased_until = 0, windows = IFNULL(?, windows)
    WHERE run_id = ? AND shard = ? AND owner = ?`,
  describe: 'UPDATE shards SET described_at = ? WHERE run_id = ? AND shard = ?',
  dropLeases: 'DELETE FROM leases',
  releaseAll: `
    UPDATE shards SET owner = NULL, leased_until = 0 WHERE owner IS NOT NULL`,
} as const;

export function createShards(
  { db, write }: SqliteFile,
  counters: Counters,
  lines: Pick<Lines, 'flags'>,
): ShardCalls {
  const sql = prepareAll(db, SQL);
  const isStopped = (runId: string): boolean => {
    const state = (sql.stateOfRun.get(runId) as Row | undefined)?.['state'];
    return state !== 'planning' && state !== 'active';
  };
  const find = (runId: string, index: number) => sql.select.get(runId, index) as Row | undefined;

  return {
    openShard: (shard, { owner, at, leaseMs }) =>
      write(() => {
        counters.flush();
        const row = find(shard.runId, shard.index);
        const isLeased =
          row !== undefined && row['owner'] !== null && Number(row['leased_until']) > at.getTime();
        // Whoever has it still sends what it has begun.
        if (isStopped(shard.runId)) return isLeased ? 'leased' : 'stopped';
        if (row?.['ended'] === 1 && row['planned'] === 0 && row['submitting'] === 0) return 'ended';
        if (isLeased) return 'leased';
        sql.lease.run({
          run: shard.runId,
          shard: shard.index,
          body: JSON.stringify(shard),
          owner,
          until: at.getTime() + leaseMs,
          at: at.getTime(),
        });
        const flags = lines.flags(shard.runId, shard.index);
        const known = row ? (sql.selectRows.all(shard.runId, shard.index) as Row[]) : [];
        const transfers = known.map(toTransfer).map((found) => [found.line, found] as const);
        return {
          windows: row ? toWindows(row) : [],
          transfers: new Map(transfers),
          settled: (line) => flags[line] === 1,
        };
      }),

    coverShard: (shard, { owner, at, leaseMs }, window, seen, { settledBelow = 0, mark } = {}) =>
      write(() => {
        if (isStopped(shard.runId)) return 'stopped';
        const row = find(shard.runId, shard.index);
        if (row?.['owner'] !== owner) return 'lost';
        const isNeeded = ({ through }: IntentWindow): boolean => through > settledBelow;
        const windows = fromWindows([...toWindows(row), window].filter(isNeeded));
        const marks = withMark(String(row['marks']), mark);
        const until = at.getTime() + leaseMs;
        const told = {
          run: shard.runId,
          shard: shard.index,
          windows,
          marks,
          until,
          at: at.getTime(),
        };
        // What was read to its end keeps what was found, however far it is read again.
        if (row['ended'] === 1) sql.extend.run(told);
        else sql.update.run({ ...told, ...tallyColumns(seen), ended: 0, owner });
        return 'covered';
      }, 'synced'),

    endShard: (shard, { owner, at }, tally) =>
      write(() => {
        const row = find(shard.runId, shard.index);
        if (row?.['owner'] !== owner) return false;
        sql.update.run({
          ...tallyColumns(tally),
          // Every good line has its row now.
          windows: '[]',
          marks: String(row['marks']),
          ended: 1,
          owner: null,
          until: 0,
          at: at.getTime(),
          run: shard.runId,
          shard: shard.index,
        });
        return true;
      }),

    releaseShard: (shard, { owner }, windows) =>
      write(() => {
        sql.release.run(windows ? fromWindows(windows) : null, shard.runId, shard.index, owner);
      }),
    releaseLeases: () =>
      write(() => Number(sql.releaseAll.run().changes) + Number(sql.dropLeases.run().changes)),
    async shard(runId, index) {
      const body = find(runId, index)?.['body'];
      return typeof body === 'string' ? (JSON.parse(body) as Shard) : undefined;
    },
    async marks(runId, index) {
      const marks = find(runId, index)?.['marks'];
      return typeof marks === 'string' ? toMarks(marks) : [];
    },
    keepDescribed: (runId, index, updatedAt) =>
      write(() => {
        sql.describe.run(updatedAt.getTime(), runId, index);
      }),
    async *shards(runId) {
      // At once: a statement that is read on while others write would see half of what they do.
      for (const row of sql.selectAll.all(runId) as Row[]) yield toShardRecord(row);
    },
    // Nothing expires here.
    keepRows: async () => {},
    shardStates: async (runId, from = 0, to = Number.MAX_SAFE_INTEGER) =>
      (sql.selectStates.all(runId, from, to) as Row[]).map(toShardState),
  };
}

const tallyColumns = (tally: Tally) => ({
  first: tally.first ?? null,
  last: tally.last ?? null,
  lines: tally.lines,
  header: tally.header,
  blank: tally.blank,
  quarantined: tally.quarantined,
  transfers: tally.transfers,
  warnings: JSON.stringify(tally.warnings),
});
