/**
 * Stores transfers in SQLite. Each fact is merged, and its shard's counts are updated, in one
 * commit.
 */

import type { StatementSync } from 'node:sqlite';
import { pageOf, parseTransferCursor, transferCursor } from '../../../ledger/cursors.ts';
import { HISTORY_LIMIT, isIdle, toEntryText } from '../../../ledger/history.ts';
import { listedFieldsOf } from '../../../ledger/listed-fields.ts';
import {
  type Fact,
  isFinal,
  merge,
  TRANSFER_STATES,
  type TransferState,
} from '../../../ledger/merge.ts';
import {
  parseTransferId,
  type Transfer,
  type TransferPlace,
  type TransferUpdate,
} from '../../../ledger/model.ts';
import { acceptedUpdate, thinTransfer, toUpdate } from '../../../ledger/word.ts';
import type { TransferCalls } from '../../ledger-parts.ts';
import { toAccepted, toTransfer } from '../../ledger-rows.ts';
import { prepareAll, type Row, type SqliteFile } from '../file.ts';
import type { Counters } from './counters.ts';
import type { Lines } from './lines.ts';

const SQL = {
  select: 'SELECT * FROM transfers WHERE run_id = ? AND shard = ? AND line = ?',
  known: `
    SELECT state, attempt, cause, accepted, events FROM transfers
    WHERE run_id = ? AND shard = ? AND line = ?`,
  insert: `
    INSERT INTO transfers (run_id, shard, line, state, attempt, class, cause, accepted,
      url, key, md5, listed, task, progress, events, history, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  update: `
    UPDATE transfers SET state = ?, attempt = ?, class = ?, cause = ?, accepted = ?,
      url = IFNULL(url, ?), key = IFNULL(key, ?), md5 = IFNULL(md5, ?),
      listed = IFNULL(listed, ?), task = IFNULL(task, ?), progress = IFNULL(?, progress),
      events = events + ?, history = history || ?, updated_at = MAX(updated_at, ?)
    WHERE run_id = ? AND shard = ? AND line = ?`,
  discardClosing: 'UPDATE runs SET closing_at = NULL WHERE run_id = ?',
  page: `
    SELECT transfers.* FROM shards CROSS JOIN transfers USING (run_id, shard)
    WHERE run_id = :run AND shard >= :shard AND shard <= :through
      AND (shard, line) > (:shard, :line)
      AND state IN (SELECT value FROM json_each(:states))
      AND (:classes IS NULL OR class IN (SELECT value FROM json_each(:classes)))
      AND (:onlyFailed = 0 OR shards.failed > 0)
    ORDER BY shard, line LIMIT :limit`,
  ofShard: `
    SELECT * FROM transfers WHERE run_id = ? AND shard = ?
      AND state IN (SELECT value FROM json_each(?)) ORDER BY line`,
  linesOf: `
    SELECT line FROM transfers WHERE run_id = ? AND shard = ?
    UNION ALL
    SELECT line FROM runs JOIN lines ON run = number WHERE run_id = ? AND shard = ?`,
} as const;

type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>;

/** Merges one update into its row, within a commit. */
function createApply(sql: Statements, counters: Counters, lines: Lines) {
  return (place: TransferPlace, update: TransferUpdate): void => {
    if (lines.merge(place, update)) return;
    const { runId, shard, line } = place;
    const row = sql.known.get(runId, shard, line) as Row | undefined;
    const thin = row ? undefined : lines.read(place);
    const healthy = thin && toUpdate(thin);
    const before = row ? toFact(row) : healthy;
    const after = before ? merge(before, update) : update;
    const { url = null, key = null, md5 = null } = update.object ?? {};
    const fields = update.object && listedFieldsOf(update.object);
    const more = fields ? JSON.stringify(fields) : null;
    const task = update.task ? JSON.stringify(update.task) : null;
    const progress = update.progress ? JSON.stringify(update.progress) : null;
    const cause = after.cause ? JSON.stringify(after.cause) : null;
    const state = [after.state, after.attempt, after.cause?.class ?? null, cause] as const;
    const told = [JSON.stringify(after.accepted), url, key, md5, more, task, progress] as const;
    const was = before && { ...before, cause: row && causeOf(row) };
    const isNews = !was || !isIdle(update, was, { ...after, cause: cause ?? undefined });
    const entry = isNews ? [toEntryText(update)] : [];
    const at = update.at.getTime();
    if (row) {
      const listed = isNews && Number(row['events']) < HISTORY_LIMIT;
      const history = listed ? `,${entry}` : '';
      sql.update.run(...state, ...told, Number(listed), history, at, runId, shard, line);
    } else {
      if (thin) lines.remove(place);
      const entries = [...(healthy ? [toEntryText(healthy)] : []), ...entry];
      const since = Math.max(at, healthy?.at.getTime() ?? at);
      const history = [entries.length, entries.join(','), since] as const;
      sql.insert.run(runId, shard, line, ...state, ...told, ...history);
    }
    if (before?.state === after.state) return;
    counters.move(runId, shard, before?.state, after.state);
    if (before && isFinal(before.state)) sql.discardClosing.run(runId);
  };
}

export function createTransfers(
  { db, write }: SqliteFile,
  counters: Counters,
  lines: Lines,
): TransferCalls {
  const sql = prepareAll(db, SQL);
  const apply = createApply(sql, counters, lines);
  return {
    accept: ({ runId, index: shard }, acceptances) =>
      write(() => {
        for (const acceptance of acceptances) {
          apply({ runId, shard, line: acceptance.line }, acceptedUpdate(acceptance));
        }
      }),
    // An intent must be on the disk before the request leaves; what follows from it can be found again.
    record: (transferId, update) => {
      // Before the commit that it would share with others' facts.
      const place = parseTransferId(transferId);
      if (!place) return Promise.reject(new TypeError(`Not a transfer id: ${transferId}`));
      const synced = update.state === 'submitting' || update.state === 'planned';
      return write(() => apply(place, update), synced ? 'synced' : undefined);
    },
    read: async (transferId) => {
      const place = parseTransferId(transferId);
      if (!place) return undefined;
      const row = sql.select.get(place.runId, place.shard, place.line) as Row | undefined;
      if (row) return toTransfer(row);
      const thin = lines.read(place);
      return thin && thinTransfer(place, thin);
    },
    transfers: async (runId, { states = TRANSFER_STATES, classes, cursor, limit = 100 } = {}) => {
      const size = Math.min(Math.max(limit, 1), 1_000);
      const from = parseTransferCursor(cursor);
      // What has a class of errors is no healthy one.
      const healthy = classes ? [] : lines.page(runId, from, states, size + 1);
      const rows = sql.page.all({
        run: runId,
        ...from,
        // Later ones would not get onto the page.
        through: healthy[size]?.shard ?? Number.MAX_SAFE_INTEGER,
        states: JSON.stringify(states),
        classes: classes ? JSON.stringify(classes) : null,
        onlyFailed: states.length === 1 && states[0] === 'failed' ? 1 : 0,
        limit: size + 1,
      }) as Row[];
      return pageOf(inOrder(rows.map(toTransfer), healthy), size, transferCursor);
    },
    transfersOf: async (runId, shardIndex, states): Promise<readonly Transfer[]> => {
      const rows = sql.ofShard.all(runId, shardIndex, JSON.stringify(states)) as Row[];
      return inOrder(rows.map(toTransfer), lines.ofShard(runId, shardIndex, states));
    },
    async linesOf(runId, shardIndex) {
      const rows = sql.linesOf.all(runId, shardIndex, runId, shardIndex) as Row[];
      return new Set(rows.map(({ line }) => Number(line)));
    },
  };
}

const inOrder = (thick: readonly Transfer[], thin: readonly Transfer[]): readonly Transfer[] =>
  [...thick, ...thin].sort((a, b) => a.shard - b.shard || a.line - b.line);

const causeOf = ({ cause }: Row): string | undefined =>
  typeof cause === 'string' ? cause : undefined;

function toFact(row: Row): Fact {
  const cause = causeOf(row);
  return {
    state: row['state'] as TransferState,
    attempt: Number(row['attempt']),
    accepted: toAccepted(row),
    ...(cause !== undefined && { cause: JSON.parse(cause) }),
  };
}
