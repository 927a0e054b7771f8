/** Transfers in SQLite: each fact is merged, and its shard's counts kept, in one commit. */
import { InputError } from '../../errors.ts';
import type { SqliteFile } from '../../sqlite.ts';
import { type Fact, merge, TRANSFER_STATES, type TransferState } from '../merge.ts';
import {
  type Ledger,
  parseTransferId,
  type Report,
  type Transfer,
  type TransferPlace,
} from '../port.ts';
import type { Counters } from './counters.ts';
import { fromReport, type Row, toAccepted, toTransfer } from './rows.ts';

/** Later events of a transfer change its state but are not listed: a caller may repeat for ever. */
const HISTORY_LIMIT = 64;

type TransferCalls = Pick<Ledger, 'record' | 'read' | 'transfers' | 'transfersOf'>;

export function createTransfers({ db, write }: SqliteFile, counters: Counters): TransferCalls {
  const select = db.prepare('SELECT * FROM transfers WHERE run_id = ? AND shard = ? AND line = ?');
  const known = db.prepare(`
    SELECT state, attempt, cause, accepted, events FROM transfers
    WHERE run_id = ? AND shard = ? AND line = ?`);
  const insert = db.prepare(`
    INSERT INTO transfers (run_id, shard, line, state, attempt, class, cause, accepted,
      url, key, md5, events, history, updated_at, task, progress)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)`);
  const update = db.prepare(`
    UPDATE transfers SET state = ?, attempt = ?, class = ?, cause = ?, accepted = ?,
      url = IFNULL(url, ?), key = IFNULL(key, ?), md5 = IFNULL(md5, ?),
      task = IFNULL(task, ?), progress = IFNULL(?, progress),
      events = events + ?, history = history || ?, updated_at = MAX(updated_at, ?)
    WHERE run_id = ? AND shard = ? AND line = ?`);
  const page = db.prepare(`
    SELECT transfers.* FROM shards CROSS JOIN transfers USING (run_id, shard)
    WHERE run_id = :run AND shard >= :shard AND (shard, line) > (:shard, :line)
      AND state IN (SELECT value FROM json_each(:states))
      AND (:classes IS NULL OR class IN (SELECT value FROM json_each(:classes)))
      AND (:onlyFailed = 0 OR shards.failed > 0)
    ORDER BY shard, line LIMIT :limit`);
  const ofShard = db.prepare(`
    SELECT * FROM transfers WHERE run_id = ? AND shard = ?
      AND state IN (SELECT value FROM json_each(?)) ORDER BY line`);

  function apply({ runId, shard, line }: TransferPlace, report: Report): void {
    const row = known.get(runId, shard, line) as Row | undefined;
    const before = row && toFact(row);
    const after = before ? merge(before, report) : report;
    const cause = after.cause ? JSON.stringify(after.cause) : null;
    const { url = null, key = null, md5 = null } = report.object ?? {};
    const task = report.task ? JSON.stringify(report.task) : null;
    const progress = report.progress ? JSON.stringify(report.progress) : null;
    const state = [after.state, after.attempt, after.cause?.class ?? null, cause] as const;
    const accepted = JSON.stringify(after.accepted);
    const at = report.at.getTime();
    if (!row) {
      const history = fromReport(report);
      const described = [url, key, md5, history, at, task, progress] as const;
      insert.run(runId, shard, line, ...state, accepted, ...described);
    } else {
      // A poll that tells nothing new would crowd out what does.
      const idle =
        report.event === 'poll' && before?.state === after.state && cause === row['cause'];
      const listed = !idle && Number(row['events']) < HISTORY_LIMIT;
      const history = listed ? `,${fromReport(report)}` : '';
      update.run(
        ...state,
        accepted,
        url,
        key,
        md5,
        task,
        progress,
        listed ? 1 : 0,
        history,
        at,
        runId,
        shard,
        line,
      );
    }
    if (before?.state !== after.state) counters.move(runId, shard, before?.state, after.state);
  }

  return {
    // An intent must be on the disk before the request leaves; what follows from it can be found again.
    record: async (transferId, report) => {
      // Before the commit that it would share with others' facts.
      const place = parseTransferId(transferId);
      if (!place) throw new TypeError(`Not a transfer id: ${transferId}`);
      const synced = report.state === 'submitting' || report.state === 'planned';
      await write(() => apply(place, report), synced ? 'synced' : undefined);
    },
    read: async (transferId) => {
      const id = parseTransferId(transferId);
      const row = id && (select.get(id.runId, id.shard, id.line) as Row | undefined);
      return row && toTransfer(row);
    },
    transfers: async (runId, { states = TRANSFER_STATES, classes, cursor, limit = 100 } = {}) => {
      const size = Math.min(Math.max(limit, 1), 1_000);
      const rows = page.all({
        run: runId,
        ...parseCursor(cursor),
        states: JSON.stringify(states),
        classes: classes ? JSON.stringify(classes) : null,
        onlyFailed: states.length === 1 && states[0] === 'failed' ? 1 : 0,
        limit: size + 1,
      }) as Row[];
      const items = rows.slice(0, size).map(toTransfer);
      const last = items.at(-1);
      if (rows.length <= size || !last) return { items };
      return { items, nextCursor: `${last.shard}.${last.line}` };
    },
    transfersOf: async (runId, shardIndex, states): Promise<readonly Transfer[]> =>
      (ofShard.all(runId, shardIndex, JSON.stringify(states)) as Row[]).map(toTransfer),
  };
}

function toFact(row: Row): Fact {
  const cause = row['cause'];
  return {
    state: row['state'] as TransferState,
    attempt: Number(row['attempt']),
    accepted: toAccepted(row),
    ...(typeof cause === 'string' && { cause: JSON.parse(cause) }),
  };
}

function parseCursor(cursor: string | undefined): { shard: number; line: number } {
  if (cursor === undefined) return { shard: 0, line: -1 };
  const match = /^(\d{1,9})\.(\d{1,10})$/.exec(cursor);
  if (!match) {
    const message = 'expected a nextCursor of an earlier page';
    throw new InputError('BODY_INVALID', 'The cursor is not one of ours.', [
      { path: 'cursor', message },
    ]);
  }
  return { shard: Number(match[1]), line: Number(match[2]) };
}
