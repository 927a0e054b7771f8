/** Stores shards in PostgreSQL: their leases by the server's clock, write-ahead intents and tallies. */
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
import { type Database, type Query, statementsOf } from '../database.ts';

const SQL = statementsOf('shards', {
  run: 'SELECT state, number FROM waybill.runs WHERE run_id = $1',
  select: 'SELECT * FROM waybill.shards WHERE run_id = $1 AND shard = $2',
  lock: 'SELECT * FROM waybill.shards WHERE run_id = $1 AND shard = $2 FOR NO KEY UPDATE',
  insert: 'INSERT INTO waybill.shards (run_id, shard) VALUES ($1, $2) ON CONFLICT DO NOTHING',
  transfers: 'SELECT * FROM waybill.transfers WHERE run_id = $1 AND shard = $2',
  lines: 'SELECT line FROM waybill.lines WHERE run = $1 AND shard = $2',
  selectAll: `
    SELECT * FROM waybill.shards WHERE run_id = $1 AND body IS NOT NULL AND shard > $2
    ORDER BY shard LIMIT $3`,
  selectStates: `
    SELECT shard, ended, leased_until, updated_at FROM waybill.shards
    WHERE run_id = $1 AND shard >= $2 AND shard < $3 AND body IS NOT NULL ORDER BY shard`,
  lease: `
    UPDATE waybill.shards SET body = $3, owner = $4, leased_until = $5, updated_at = $6
    WHERE run_id = $1 AND shard = $2`,
  update: `
    UPDATE waybill.shards SET windows = $3, marks = $4, ended = $5, owner = $6, leased_until = $7,
      updated_at = $8, first = $9, last = $10, lines = $11, header = $12, blank = $13,
      quarantined = $14, transfers = $15, warnings = $16
    WHERE run_id = $1 AND shard = $2`,
  extend: `
    UPDATE waybill.shards SET windows = $3, marks = $4, leased_until = $5, updated_at = $6
    WHERE run_id = $1 AND shard = $2`,
  release: `
    UPDATE waybill.shards SET owner = NULL, leased_until = 0, windows = COALESCE($4, windows)
    WHERE run_id = $1 AND shard = $2 AND owner = $3`,
  describe: 'UPDATE waybill.shards SET described_at = $3 WHERE run_id = $1 AND shard = $2',
  dropLeases: 'DELETE FROM waybill.leases RETURNING 1',
  releaseAll: `
    UPDATE waybill.shards SET owner = NULL, leased_until = 0 WHERE owner IS NOT NULL RETURNING 1`,
});

/** Shards read at once. */
const PAGE = 1_000;

/** Behind the last shard. */
const NO_SHARD = 2 ** 31 - 1;

export function createShards(database: Database): ShardCalls {
  const { query, transaction, toServer, toOurs } = database;
  const find = async (runId: string, index: number) => (await query(SQL.select, runId, index))[0];
  const withOurs = <State extends { readonly leasedUntil?: Date }>(state: State): State =>
    state.leasedUntil ? { ...state, leasedUntil: toOurs(state.leasedUntil.getTime()) } : state;

  return {
    async openShard(shard, { owner, at, leaseMs }) {
      const now = await toServer(at);
      const place = [shard.runId, shard.index] as const;
      return transaction(async (within) => {
        const run = await runOf(within, shard.runId);
        if (!run.isStopped) await within(SQL.insert, ...place);
        const [row] = await within(SQL.lock, ...place);
        // Our own is from a try whose answer was lost.
        const isHeld = row && row['owner'] !== null && row['owner'] !== owner;
        const isLeased = isHeld && Number(row['leased_until']) > now;
        // Whoever has it still sends what it has begun.
        if (!row || run.isStopped) return isLeased ? 'leased' : 'stopped';
        if (row['ended'] === 1 && row['planned'] === 0 && row['submitting'] === 0) return 'ended';
        if (isLeased) return 'leased';
        const lease = [JSON.stringify(shard), owner, now + leaseMs, at.getTime()] as const;
        await within(SQL.lease, ...place, ...lease);
        const known = (await within(SQL.transfers, ...place)).map(toTransfer);
        const lines = await within(SQL.lines, run.number, shard.index);
        const settled = new Set(lines.map(({ line }) => Number(line)));
        return {
          windows: toWindows(row),
          transfers: new Map(known.map((found) => [found.line, found])),
          settled: (line) => settled.has(line),
        };
      });
    },

    async coverShard(shard, lease, window, seen, { settledBelow = 0, mark } = {}) {
      const { owner, at, leaseMs } = lease;
      const until = (await toServer(at)) + leaseMs;
      const place = [shard.runId, shard.index] as const;
      return transaction(async (within) => {
        const [row] = await within(SQL.lock, ...place);
        if ((await runOf(within, shard.runId)).isStopped) return 'stopped';
        if (row?.['owner'] !== owner) return 'lost';
        const isNeeded = ({ through }: IntentWindow): boolean => through > settledBelow;
        const windows = fromWindows([...toWindows(row), window].filter(isNeeded));
        const marks = withMark(String(row['marks']), mark);
        const told = [...place, windows, marks] as const;
        // What was read to its end keeps what was found, however far it is read again.
        if (row['ended'] === 1) await within(SQL.extend, ...told, until, at.getTime());
        else {
          await within(SQL.update, ...told, 0, owner, until, at.getTime(), ...tallyValues(seen));
        }
        return 'covered';
      });
    },

    endShard: (shard, { owner, at }, tally) =>
      transaction(async (within) => {
        const place = [shard.runId, shard.index] as const;
        const [row] = await within(SQL.lock, ...place);
        if (row?.['owner'] !== owner) return false;
        // Every good line has its row now.
        const told = ['[]', String(row['marks']), 1, null, 0, at.getTime()] as const;
        await within(SQL.update, ...place, ...told, ...tallyValues(tally));
        return true;
      }),

    async releaseShard(shard, { owner }, windows) {
      const given = windows ? fromWindows(windows) : null;
      await query(SQL.release, shard.runId, shard.index, owner, given);
    },
    async releaseLeases() {
      const released = [await query(SQL.releaseAll), await query(SQL.dropLeases)];
      return released.flat().length;
    },
    async shard(runId, index) {
      const body = (await find(runId, index))?.['body'];
      return typeof body === 'string' ? (JSON.parse(body) as Shard) : undefined;
    },
    async marks(runId, index) {
      const marks = (await find(runId, index))?.['marks'];
      return typeof marks === 'string' ? toMarks(marks) : [];
    },
    async keepDescribed(runId, index, updatedAt) {
      await query(SQL.describe, runId, index, updatedAt.getTime());
    },
    async *shards(runId) {
      for (let after = -1; ; ) {
        const rows = await query(SQL.selectAll, runId, after, PAGE);
        for (const row of rows) yield withOurs(toShardRecord(row));
        if (rows.length < PAGE) return;
        after = Number(rows.at(-1)?.['shard']);
      }
    },
    // Nothing expires here while its run is open.
    keepRows: async () => {},
    shardStates: async (runId, from = 0, to = NO_SHARD) =>
      (await query(SQL.selectStates, runId, from, Math.min(to, NO_SHARD)))
        .map(toShardState)
        .map(withOurs),
  };
}

async function runOf(query: Query, runId: string) {
  const [row] = await query(SQL.run, runId);
  const state = row?.['state'];
  return {
    isStopped: state !== 'planning' && state !== 'active',
    number: Number(row?.['number']),
  };
}

const tallyValues = (tally: Tally) =>
  [
    ...[tally.first ?? null, tally.last ?? null, tally.lines, tally.header, tally.blank],
    ...[tally.quarantined, tally.transfers, JSON.stringify(tally.warnings)],
  ] as const;
