/** Reads transfers in PostgreSQL, and takes facts about them. */
import { pageOf, parseTransferCursor, transferCursor } from '../../../ledger/cursors.ts';
import { TRANSFER_STATES, type TransferState } from '../../../ledger/merge.ts';
import { parseTransferId, type Transfer, type TransferPlace } from '../../../ledger/model.ts';
import { acceptedUpdate, SUCCESS, thinTransfer } from '../../../ledger/word.ts';
import type { TransferCalls } from '../../ledger-parts.ts';
import { type Row, toTransfer } from '../../ledger-rows.ts';
import { type Database, statementsOf } from '../database.ts';
import type { Tell } from './facts.ts';

const NUMBER = '(SELECT number FROM waybill.runs WHERE run_id = $1)';

const SQL = statementsOf('transfers', {
  select: 'SELECT * FROM waybill.transfers WHERE run_id = $1 AND shard = $2 AND line = $3',
  selectThin: `
    SELECT shard, line, word, id FROM waybill.lines
    WHERE run = ${NUMBER} AND shard = $2 AND line = $3`,
  page: `
    SELECT * FROM waybill.transfers
    WHERE run_id = $1 AND shard >= $2 AND shard <= $4 AND (shard, line) > ($2, $3)
      AND state = ANY($5::text[]) AND ($6::text[] IS NULL OR class = ANY($6::text[]))
    ORDER BY shard, line LIMIT $7`,
  // Only in shards that have such at all.
  pageThin: `
    SELECT found.* FROM waybill.shards AS held CROSS JOIN LATERAL (
      SELECT shard, line, word, id FROM waybill.lines
      WHERE run = ${NUMBER} AND shard = held.shard
        AND line > CASE WHEN held.shard = $2 THEN $3::bigint ELSE -1 END
        AND word >= $4 AND word < $5 ORDER BY line LIMIT $6
    ) AS found
    WHERE held.run_id = $1 AND held.shard >= $2
      AND ($4 = 0 AND held.submitted > 0 OR $5 > ${SUCCESS} AND held.succeeded > 0)
    ORDER BY held.shard, found.line LIMIT $6`,
  ofShard: `
    SELECT * FROM waybill.transfers
    WHERE run_id = $1 AND shard = $2 AND state = ANY($3::text[]) ORDER BY line`,
  ofShardThin: `
    SELECT shard, line, word, id FROM waybill.lines
    WHERE run = ${NUMBER} AND shard = $2 AND word >= $3 AND word < $4 ORDER BY line`,
  linesOf: `
    SELECT line FROM waybill.transfers WHERE run_id = $1 AND shard = $2
    UNION ALL SELECT line FROM waybill.lines WHERE run = ${NUMBER} AND shard = $2`,
});

const LAST_SHARD = 2 ** 31 - 1;

export function createTransfers({ query }: Database, tell: Tell): TransferCalls {
  return {
    async accept({ runId, index: shard }, acceptances) {
      const told = acceptances.map((acceptance) =>
        tell({ runId, shard, line: acceptance.line }, acceptedUpdate(acceptance)),
      );
      await Promise.all(told);
    },
    async record(transferId, update) {
      const place = parseTransferId(transferId);
      if (!place) throw new TypeError(`Not a transfer id: ${transferId}`);
      await tell(place, update);
    },
    async read(transferId) {
      const place = parseTransferId(transferId);
      if (!place) return undefined;
      const { runId, shard, line } = place;
      // In the order in which a transfer goes from one to the other.
      const [thin] = await query(SQL.selectThin, runId, shard, line);
      const [row] = await query(SQL.select, runId, shard, line);
      if (row) return toTransfer(row);
      return thin && toThinTransfer(place, thin);
    },
    async transfers(runId, { states = TRANSFER_STATES, classes, cursor, limit = 100 } = {}) {
      const size = Math.min(Math.max(limit, 1), 1_000);
      const from = parseTransferCursor(cursor);
      const place = [runId, from.shard, from.line] as const;
      // What has a class of errors is no healthy one.
      const words = classes ? undefined : wordsOf(states);
      const thin = words ? await query(SQL.pageThin, ...place, ...words, size + 1) : [];
      const healthy = thin.map((row) => toThinTransfer({ runId }, row));
      // Later ones would not get onto the page.
      const through = healthy[size]?.shard ?? LAST_SHARD;
      const rows = await query(SQL.page, ...place, through, states, classes ?? null, size + 1);
      return pageOf(inOrder(rows.map(toTransfer), healthy), size, transferCursor);
    },
    async transfersOf(runId, shard, states) {
      const words = wordsOf(states);
      const thin = words ? await query(SQL.ofShardThin, runId, shard, ...words) : [];
      const rows = await query(SQL.ofShard, runId, shard, states);
      return inOrder(
        rows.map(toTransfer),
        thin.map((row) => toThinTransfer({ runId }, row)),
      );
    },
    async linesOf(runId, shard) {
      const rows = await query(SQL.linesOf, runId, shard);
      return new Set(rows.map(({ line }) => Number(line)));
    },
  };
}

const toThinTransfer = ({ runId }: Pick<TransferPlace, 'runId'>, row: Row): Transfer =>
  thinTransfer(
    { runId, shard: Number(row['shard']), line: Number(row['line']) },
    { word: Number(row['word']), id: row['id'] === null ? undefined : String(row['id']) },
  );

/** A line that got its thick row between the two readings is there once. */
function inOrder(thick: readonly Transfer[], thin: readonly Transfer[]): readonly Transfer[] {
  const known = new Set(thick.map(({ transferId }) => transferId));
  return [...thick, ...thin.filter(({ transferId }) => !known.has(transferId))].sort(
    (a, b) => a.shard - b.shard || a.line - b.line,
  );
}

/** The range of words of these states; undefined when no thin row has one of them. */
function wordsOf(
  states: readonly TransferState[],
): readonly [from: number, below: number] | undefined {
  const [submitted, succeeded] = [states.includes('submitted'), states.includes('succeeded')];
  if (!submitted && !succeeded) return undefined;
  return [submitted ? 0 : SUCCESS, succeeded ? Number.MAX_SAFE_INTEGER : SUCCESS];
}
