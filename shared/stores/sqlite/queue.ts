/** The embedded queue: a table in the ledger's SQLite file, with the rules of SQS. */
import { randomUUID } from 'node:crypto';
import type { Queue, QueueMessage } from '../queue.ts';
import type { SqliteFile } from './file.ts';

export interface SqliteQueueOptions {
  readonly name: string;
  /** Deliveries before a message is dead. @default 20 */
  readonly maxReceives?: number;
  readonly now?: () => Date;
}

const TABLE = `
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  message_id TEXT NOT NULL,
  body TEXT NOT NULL,
  visible_at INTEGER NOT NULL,
  receives INTEGER NOT NULL DEFAULT 0,
  receipt TEXT
);
CREATE INDEX IF NOT EXISTS messages_visible ON messages (queue, visible_at, id);
`;

type Row = Record<string, string | number | null>;

/** @throws StoreError (STORE_FAILED) when the file can't hold the table */
export function createSqliteQueue(
  { db, write }: SqliteFile,
  { name, maxReceives = 20, now = () => new Date() }: SqliteQueueOptions,
): Queue {
  db.exec(TABLE);
  const insert = db.prepare(
    'INSERT INTO messages (queue, message_id, body, visible_at) VALUES (?, ?, ?, ?)',
  );
  const visible = db.prepare(`
    SELECT id, message_id, body, receives FROM messages
    WHERE queue = ? AND visible_at <= ? AND receives < ? ORDER BY visible_at, id LIMIT ?`);
  const take = db.prepare(
    'UPDATE messages SET receives = receives + 1, visible_at = ?, receipt = ? WHERE id = ?',
  );
  const hide = db.prepare('UPDATE messages SET visible_at = ? WHERE id = ? AND receipt = ?');
  const end = db.prepare('DELETE FROM messages WHERE id = ? AND receipt = ?');
  const recover = db.prepare(`
    UPDATE messages SET visible_at = :now, receipt = NULL, receives = MAX(0, receives - 1)
    WHERE queue = :queue AND receipt IS NOT NULL AND visible_at > :now`);
  const count = db.prepare(`
    SELECT
      SUM(visible_at <= :now AND receives < :max) AS waiting,
      SUM(visible_at > :now) AS in_flight,
      SUM(visible_at <= :now AND receives >= :max) AS dead
    FROM messages WHERE queue = :queue`);
  const dead = db.prepare(`
    SELECT id, message_id, body, receives, receipt FROM messages
    WHERE queue = ? AND visible_at <= ? AND receives >= ? ORDER BY id LIMIT ?`);
  const revive = db.prepare(`
    UPDATE messages SET receives = 0, receipt = NULL, visible_at = :now WHERE id IN (
      SELECT id FROM messages
      WHERE queue = :queue AND visible_at <= :now AND receives >= :max ORDER BY id LIMIT :limit)`);
  const ms = () => now().getTime();

  return {
    send: (bodies) =>
      write(() => {
        for (const body of bodies) insert.run(name, randomUUID(), body, ms());
      }, 'synced'),
    receive: (max, visibilityMs) =>
      write(() => {
        const rows = visible.all(name, ms(), maxReceives, max) as Row[];
        return rows.map((row): QueueMessage => {
          const id = row['id'] as number;
          const receipt = `${id}.${randomUUID()}`;
          take.run(ms() + visibilityMs, receipt, id);
          return {
            messageId: String(row['message_id']),
            body: String(row['body']),
            receiveCount: Number(row['receives']) + 1,
            receipt,
          };
        });
      }),
    extend: ({ receipt }, visibilityMs) =>
      write(() => {
        hide.run(ms() + visibilityMs, rowOf(receipt), receipt);
      }),
    remove: ({ receipt }) =>
      write(() => {
        end.run(rowOf(receipt), receipt);
      }),
    recover: () => write(() => Number(recover.run({ now: ms(), queue: name }).changes)),
    depth: async () => {
      const row = count.get({ now: ms(), max: maxReceives, queue: name }) as Row;
      return {
        waiting: Number(row['waiting'] ?? 0),
        inFlight: Number(row['in_flight'] ?? 0),
        dead: Number(row['dead'] ?? 0),
      };
    },
    deadLetters: async (limit) =>
      (dead.all(name, ms(), maxReceives, limit) as Row[]).map((row) => ({
        messageId: String(row['message_id']),
        body: String(row['body']),
        receiveCount: Number(row['receives']),
        receipt: String(row['receipt'] ?? ''),
      })),
    redrive: (limit) =>
      write(() => {
        const wanted = { now: ms(), queue: name, max: maxReceives, limit };
        return Number(revive.run(wanted).changes);
      }, 'synced'),
  };
}

/** Receipts are `<row>.<random>`: the row is found by its key, however long the queue is. */
const rowOf = (receipt: string): number => Number.parseInt(receipt, 10) || 0;
