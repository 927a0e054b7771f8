/** The embedded queue: a table in the ledger's SQLite file, with the rules of SQS. */
import { randomUUID } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import type { Queue, QueueMessage } from '../queue.ts';
import { prepareAll, type Row, type SqliteFile } from './file.ts';
import { prepareTables } from './tables.ts';

interface SqliteQueueOptions {
  readonly name: string;
  /** Deliveries before a message is dead. @default 20 */
  readonly maxReceives?: number;
  readonly now?: () => Date;
}

const TABLES = `
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  message_id TEXT NOT NULL,
  body TEXT NOT NULL,
  visible_at INTEGER NOT NULL,
  receives INTEGER NOT NULL DEFAULT 0,
  receipt TEXT,
  message_group TEXT NOT NULL DEFAULT '',
  crashes INTEGER NOT NULL DEFAULT 0
);
-- Groups that have messages. A new one comes before the one that was served last, and after all others.
CREATE TABLE IF NOT EXISTS message_groups (
  id INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  name TEXT NOT NULL,
  served INTEGER NOT NULL DEFAULT 0,
  UNIQUE (queue, name)
);
CREATE INDEX IF NOT EXISTS message_groups_turn ON message_groups (queue, served);
`;

/** Before there were groups: a message that is there belongs to the run that it names. */
const FILLS = {
  'messages.message_group': `
UPDATE messages SET message_group = IFNULL(json_extract(body, '$.runId'), '')
  WHERE json_valid(body);
DROP INDEX IF EXISTS messages_visible;`,
};

/** So many processes that died in a row as they had a message may have died of it. */
const SUSPECT_CRASHES = 2;

/** A suspect waits so long after a crash, twice as long after each further one: others come first. */
const SUSPECT_MS = 5_000;
const MAX_SUSPECT_MS = 60_000;

const INDEXES = `
CREATE INDEX IF NOT EXISTS messages_grouped ON messages (queue, message_group, visible_at, id);
CREATE INDEX IF NOT EXISTS messages_suspect ON messages (queue, visible_at, id)
  WHERE crashes >= ${SUSPECT_CRASHES};
INSERT OR IGNORE INTO message_groups (queue, name) SELECT DISTINCT queue, message_group FROM messages;
`;

const HAS_VISIBLE = `EXISTS (
    SELECT 1 FROM messages WHERE queue = :queue AND message_group = message_groups.name
      AND visible_at <= :now AND receives < :max)`;

const SQL = {
  insert: `
    INSERT INTO messages (queue, message_id, body, visible_at, message_group)
    VALUES (?, ?, ?, ?, ?)`,
  addGroup: `
    INSERT OR IGNORE INTO message_groups (queue, name, served)
    SELECT :queue, :group, IFNULL(MAX(served), 1) - 1 FROM message_groups WHERE queue = :queue`,
  groups: `
    SELECT name FROM message_groups
    WHERE queue = :queue AND ${HAS_VISIBLE} ORDER BY served, id LIMIT :limit`,
  visible: `
    SELECT id, message_id, body, receives FROM messages
    WHERE queue = ? AND message_group = ? AND visible_at <= ? AND receives < ?
    ORDER BY visible_at, id LIMIT 1`,
  suspect: `
    SELECT id, message_id, body, receives, message_group FROM messages
    WHERE queue = :queue AND crashes >= ${SUSPECT_CRASHES} AND visible_at <= :now AND receives < :max
    ORDER BY visible_at, id LIMIT 1`,
  countHeld: `
    SELECT COUNT(*) AS held FROM messages
    WHERE queue = ? AND visible_at > ? AND receipt IS NOT NULL`,
  countHeldSuspects: `
    SELECT COUNT(*) AS held FROM messages
    WHERE queue = ? AND visible_at > ? AND receipt IS NOT NULL AND crashes >= ${SUSPECT_CRASHES}`,
  serve: `
    UPDATE message_groups
    SET served = 2 + (SELECT MAX(served) FROM message_groups WHERE queue = :queue)
    WHERE queue = :queue AND name = :group`,
  dropGroup: `
    DELETE FROM message_groups WHERE queue = :queue AND name = :group AND NOT EXISTS (
      SELECT 1 FROM messages WHERE queue = :queue AND message_group = :group)`,
  take: 'UPDATE messages SET receives = receives + 1, visible_at = ?, receipt = ? WHERE id = ?',
  hide: 'UPDATE messages SET visible_at = ? WHERE id = ? AND receipt = ?',
  giveBack: `
    UPDATE messages SET visible_at = ?, receipt = NULL, crashes = 0 WHERE id = ? AND receipt = ?`,
  drop: 'DELETE FROM messages WHERE id = ?',
  end: 'DELETE FROM messages WHERE id = ? AND receipt = ? RETURNING message_group',
  // Only a process that died leaves a receipt: whoever ends a delivery takes it away.
  recover: `
    UPDATE messages SET
      crashes = crashes + (receipt IS NOT NULL),
      receipt = NULL,
      visible_at = CASE
        WHEN receives >= :max OR crashes + (receipt IS NOT NULL) < ${SUSPECT_CRASHES} THEN :now
        WHEN receipt IS NULL THEN visible_at
        ELSE :now + MIN(${MAX_SUSPECT_MS}, ${SUSPECT_MS} * (1 << MIN(16, crashes + 1 - ${SUSPECT_CRASHES})))
      END
    WHERE queue = :queue AND (receipt IS NOT NULL OR visible_at > :now)`,
  count: `
    SELECT
      SUM(visible_at <= :now AND receives < :max) AS waiting,
      SUM(visible_at > :now) AS in_flight,
      SUM(visible_at <= :now AND receives >= :max) AS dead
    FROM messages WHERE queue = :queue`,
  oldest: `
    SELECT MIN(visible_at) AS at FROM messages
    WHERE queue = :queue AND visible_at <= :now AND receives < :max`,
  dead: `
    SELECT id, message_id, body, receives, receipt FROM messages
    WHERE queue = ? AND visible_at <= ? AND receives >= ? ORDER BY id LIMIT ?`,
  revive: `
    UPDATE messages SET receives = 0, receipt = NULL, visible_at = :now WHERE id IN (
      SELECT id FROM messages
      WHERE queue = :queue AND visible_at <= :now AND receives >= :max ORDER BY id LIMIT :limit)`,
} as const;

/** @throws StoreError (STORE_FAILED) when the file can't hold the table */
export function createSqliteQueue(
  { db, write }: SqliteFile,
  { name, maxReceives = 20, now = () => new Date() }: SqliteQueueOptions,
): Queue {
  prepareTables(db, { tables: TABLES, indexes: INDEXES, fills: FILLS });
  const sql = prepareAll(db, SQL);
  const ms = () => now().getTime();
  const take = createTake(sql, { name, maxReceives, ms });

  return {
    send: (bodies, { group = '', delayMs = 0 } = {}) =>
      write(() => {
        if (bodies.length > 0) sql.addGroup.run({ queue: name, group });
        for (const body of bodies) sql.insert.run(name, randomUUID(), body, ms() + delayMs, group);
      }, 'synced'),
    receive: (max, visibilityMs) => write(() => take(max, visibilityMs)),
    extend: ({ receipt }, visibilityMs) =>
      write(() => {
        sql.hide.run(ms() + visibilityMs, rowOf(receipt), receipt);
      }),
    probe: () =>
      write(() => {
        const { lastInsertRowid: id } = sql.insert.run(name, randomUUID(), '', ms(), '');
        sql.drop.run(id);
      }, 'synced'),
    giveBack: ({ receipt }, delayMs) =>
      write(() => {
        sql.giveBack.run(ms() + delayMs, rowOf(receipt), receipt);
      }),
    remove: ({ receipt }) =>
      write(() => {
        const row = sql.end.get(rowOf(receipt), receipt) as Row | undefined;
        if (row) sql.dropGroup.run({ queue: name, group: row['message_group'] ?? '' });
      }),
    recover: () =>
      write(() => Number(sql.recover.run({ now: ms(), queue: name, max: maxReceives }).changes)),
    depth: async () => {
      const row = sql.count.get({ now: ms(), max: maxReceives, queue: name }) as Row;
      return {
        waiting: Number(row['waiting'] ?? 0),
        inFlight: Number(row['in_flight'] ?? 0),
        dead: Number(row['dead'] ?? 0),
      };
    },
    waitedMs: async () => {
      const row = sql.oldest.get({ now: ms(), max: maxReceives, queue: name }) as Row;
      return row['at'] === null ? 0 : ms() - Number(row['at']);
    },
    deadLetters: async (limit) =>
      (sql.dead.all(name, ms(), maxReceives, limit) as Row[]).map((row) => ({
        messageId: String(row['message_id']),
        body: String(row['body']),
        receiveCount: Number(row['receives']),
        receipt: String(row['receipt'] ?? ''),
      })),
    redrive: (limit) =>
      write(() => {
        const wanted = { now: ms(), queue: name, max: maxReceives, limit };
        return Number(sql.revive.run(wanted).changes);
      }, 'synced'),
  };
}

/** Takes messages within a commit. */
function createTake(
  sql: Readonly<Record<keyof typeof SQL, StatementSync>>,
  { name, maxReceives, ms }: { name: string; maxReceives: number; ms: () => number },
) {
  const takeRow = (row: Row, group: string, visibilityMs: number): QueueMessage => {
    const id = row['id'] as number;
    const receipt = `${id}.${randomUUID()}`;
    sql.take.run(ms() + visibilityMs, receipt, id);
    sql.serve.run({ queue: name, group });
    return {
      messageId: String(row['message_id']),
      body: String(row['body']),
      receiveCount: Number(row['receives']) + 1,
      receipt,
    };
  };

  const held = (counting: StatementSync): number =>
    Number((counting.get(name, ms()) as Row)['held']);

  /**
   * A message that processes died with goes alone, once nothing else is being worked on: should it be
   * what kills them, no other message dies with it.
   * @returns undefined when there is none such
   */
  const takeSuspect = (visibilityMs: number): readonly QueueMessage[] | undefined => {
    if (held(sql.countHeldSuspects) > 0) return [];
    const row = sql.suspect.get({ queue: name, now: ms(), max: maxReceives }) as Row | undefined;
    if (!row) return undefined;
    return held(sql.countHeld) > 0
      ? []
      : [takeRow(row, String(row['message_group']), visibilityMs)];
  };

  const takeInTurn = (max: number, visibilityMs: number): readonly QueueMessage[] => {
    const messages: QueueMessage[] = [];
    while (messages.length < max) {
      const limit = max - messages.length;
      const found = sql.groups.all({ queue: name, now: ms(), max: maxReceives, limit }) as Row[];
      if (found.length === 0) break;
      for (const { name: group } of found) {
        const oldest = sql.visible.get(name, String(group), ms(), maxReceives) as Row;
        messages.push(takeRow(oldest, String(group), visibilityMs));
      }
    }
    return messages;
  };

  return (max: number, visibilityMs: number): readonly QueueMessage[] =>
    (max > 0 && takeSuspect(visibilityMs)) || takeInTurn(max, visibilityMs);
}

/** Receipts are `<row>.<random>`: the row is found by its key, however long the queue is. */
const rowOf = (receipt: string): number => Number.parseInt(receipt, 10) || 0;
