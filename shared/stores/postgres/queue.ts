/**
 * The queue in PostgreSQL, for any number of processes beside each other. A delivery is a row, never a
 * lock that is held: it has an end by the server's clock and a number, and what is said of an earlier
 * delivery changes nothing. Notifications are hints, the table is the truth.
 */
import type { Row } from '../ledger-rows.ts';
import type { Queue, QueueMessage } from '../queue.ts';
import { type Database, statementsOf } from './database.ts';
import type { Listener } from './listen.ts';
import { createTurns, type Start } from './turns.ts';

interface PostgresQueueOptions {
  readonly name: string;
  /** Deliveries before a message is dead. @default 20 */
  readonly maxReceives?: number;
  /** To learn at once of what others send. */
  readonly listener?: Pick<Listener, 'on'>;
}

/** What processes tell each other on: that a queue has a message. */
export const CHANNEL = 'waybill';

/** Held together by whoever sends, alone by whoever removes groups without messages. */
const GROUPS_LOCK = 5_731_862_092;

/** Of each group so many, from where it begins; locked ones are another process's. */
const waiting = (most: string): string => `
  SELECT id, visible_at, name, place FROM unnest($2::text[], $3::bigint[], $4::bigint[])
    WITH ORDINALITY AS turn (name, start_at, start_id, place)
  CROSS JOIN LATERAL (
    SELECT m.id, m.visible_at FROM waybill.messages AS m
    WHERE m.queue = $1 AND m.message_group = turn.name
      AND (m.visible_at, m.id) > (turn.start_at, turn.start_id)
      AND m.visible_at <= waybill.now_ms() AND m.receives < $5
    ORDER BY m.visible_at, m.id LIMIT ${most} FOR UPDATE OF m SKIP LOCKED
  ) AS message`;

const take = (found: string): string => `
  WITH found AS MATERIALIZED (${found})
  UPDATE waybill.messages AS m SET receives = receives + 1, delivery = delivery + 1,
    visible_at = waybill.now_ms() + $6
  FROM found WHERE m.id = found.id
  RETURNING m.id, body, receives, delivery, found.visible_at AS was,
    waybill.now_ms() AS now, name, place`;

const SQL = statementsOf('queue', {
  lockShared: `SELECT pg_advisory_xact_lock_shared(${GROUPS_LOCK})`,
  lock: `SELECT pg_advisory_xact_lock(${GROUPS_LOCK})`,
  addGroup: `
    INSERT INTO waybill.message_groups (queue, name) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
  insert: `
    INSERT INTO waybill.messages (queue, message_group, body, visible_at)
    SELECT $1, $2, body, waybill.now_ms() + $4
    FROM unnest($3::text[]) WITH ORDINALITY AS new (body, place) ORDER BY place`,
  notify: `SELECT pg_notify('${CHANNEL}', $1)`,
  groups: 'SELECT name FROM waybill.message_groups WHERE queue = $1 ORDER BY id',
  dropGroups: `
    DELETE FROM waybill.message_groups AS g WHERE queue = $1 AND NOT EXISTS (
      SELECT FROM waybill.messages AS m WHERE m.queue = g.queue AND m.message_group = g.name)`,
  takeOfEach: take(`${waiting('1')} LIMIT $7`),
  takeMany: take(`
    SELECT id, visible_at, name, place
    FROM (SELECT *, row_number() OVER (PARTITION BY place ORDER BY visible_at, id) AS turn
      FROM (${waiting('$7')}) AS each) AS ranked
    ORDER BY turn, place LIMIT $7`),
  extend: `
    UPDATE waybill.messages SET visible_at = waybill.now_ms() + $3
    WHERE id = $1 AND delivery = $2`,
  giveBack: `
    UPDATE waybill.messages SET visible_at = waybill.now_ms() + $3, delivery = delivery + 1
    WHERE id = $1 AND delivery = $2`,
  remove: 'DELETE FROM waybill.messages WHERE id = $1 AND delivery = $2',
  drop: `DELETE FROM waybill.messages WHERE queue = $1 AND message_group = $2 AND body = ''`,
  count: `
    SELECT
      COUNT(*) FILTER (WHERE visible_at <= waybill.now_ms() AND receives < $2) AS waiting,
      COUNT(*) FILTER (WHERE visible_at > waybill.now_ms()) AS in_flight,
      COUNT(*) FILTER (WHERE visible_at <= waybill.now_ms() AND receives >= $2) AS dead
    FROM waybill.messages WHERE queue = $1`,
  oldest: `
    SELECT waybill.now_ms() - MIN(visible_at) AS waited FROM waybill.messages
    WHERE queue = $1 AND visible_at <= waybill.now_ms() AND receives < $2`,
  dead: `
    SELECT id, body, receives, delivery FROM waybill.messages
    WHERE queue = $1 AND visible_at <= waybill.now_ms() AND receives >= $2 ORDER BY id LIMIT $3`,
  revive: `
    UPDATE waybill.messages SET receives = 0, delivery = delivery + 1,
      visible_at = waybill.now_ms()
    WHERE id IN (
      SELECT id FROM waybill.messages
      WHERE queue = $1 AND visible_at <= waybill.now_ms() AND receives >= $2 ORDER BY id LIMIT $3
      FOR UPDATE SKIP LOCKED) RETURNING 1`,
});

/** Groups that are looked at with one statement. */
const GROUPS = 500;

/** Between two looks at which groups there are, and between two removals of those that are empty. */
const LOOK_MS = 1_000;
const EMPTY_MS = 30_000;

/** What was sent or given back lately may come before what was taken: it was written in another order. */
const RECENT_MS = 1_000;

type Turns = ReturnType<typeof createTurns>;

export function createPostgresQueue(
  database: Database,
  { name, maxReceives = 20, listener }: PostgresQueueOptions,
): Queue {
  const { query, transaction } = database;
  const turns = createTurns();
  const look = createLook(database, name, turns);
  const takeIn = createTake(database, { name, maxReceives }, turns);
  const end = async (
    sql: 'extend' | 'giveBack' | 'remove',
    { receipt }: QueueMessage,
    ...more: number[]
  ) => {
    const [id = 0, delivery = 0] = receipt.split('.').map(Number);
    await query(SQL[sql], id, delivery, ...more);
  };

  return {
    onMessage: (wake) =>
      listener?.on(name, () => {
        look.soon();
        wake();
      }) ?? (() => {}),
    async send(bodies, { group = '', delayMs = 0 } = {}) {
      if (bodies.length === 0) return;
      await transaction(async (within) => {
        await within(SQL.lockShared);
        await within(SQL.addGroup, name, group);
        await within(SQL.insert, name, group, bodies, delayMs);
        await within(SQL.notify, name);
      });
      turns.add(group);
    },
    async receive(max, visibilityMs) {
      if (max <= 0) return [];
      await look.ifDue();
      const messages = await takeIn(max, visibilityMs);
      if (messages.length < max) look.soon();
      return messages;
    },
    extend: (message, visibilityMs) => end('extend', message, visibilityMs),
    giveBack: (message, delayMs) => end('giveBack', message, delayMs),
    remove: (message) => end('remove', message),
    probe: () =>
      transaction(async (within) => {
        await within(SQL.insert, name, '', [''], 0);
        await within(SQL.drop, name, '');
      }),
    // Others may hold them; they come again when their time is over.
    recover: async () => 0,
    depth: async () => toDepth((await query(SQL.count, name, maxReceives))[0]),
    waitedMs: async () => Number((await query(SQL.oldest, name, maxReceives))[0]?.['waited'] ?? 0),
    deadLetters: async (limit) =>
      (await query(SQL.dead, name, maxReceives, limit)).map(toDeadLetter),
    redrive: async (limit) => (await query(SQL.revive, name, maxReceives, limit)).length,
  };
}

function toDepth(row: Row | undefined) {
  const numberOf = (column: string): number => Number(row?.[column]);
  return { waiting: numberOf('waiting'), inFlight: numberOf('in_flight'), dead: numberOf('dead') };
}

const toDeadLetter = (row: Row): QueueMessage => ({
  messageId: String(row['id']),
  body: String(row['body']),
  receiveCount: Number(row['receives']),
  receipt: `${row['id']}.${row['delivery']}`,
});

/** Learns which groups there are, and removes those without messages now and then. */
function createLook({ query, transaction }: Database, name: string, turns: Turns) {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let emptiedAt = performance.now();
  let isShort = true;

  const now = async (): Promise<void> => {
    if (performance.now() - emptiedAt >= EMPTY_MS) {
      emptiedAt = performance.now();
      await transaction(async (within) => {
        await within(SQL.lock);
        await within(SQL.dropGroups, name);
      });
    }
    turns.keep((await query(SQL.groups, name)).map((row) => String(row['name'])));
    lookedAt = performance.now();
    isShort = false;
  };

  return {
    ifDue: async (): Promise<void> => {
      if (isShort || performance.now() - lookedAt >= LOOK_MS) await now();
    },
    /** There was less than was asked for: others may have sent more. */
    soon: (): void => {
      isShort = true;
    },
  };
}

/** Takes messages: of each group one in turn, and of those that have more the next. */
function createTake(
  { query }: Database,
  { name, maxReceives }: Required<Omit<PostgresQueueOptions, 'listener'>>,
  turns: Turns,
) {
  const takeOf = async (
    sql: 'takeOfEach' | 'takeMany',
    groups: readonly (readonly [string, Start])[],
    max: number,
    visibilityMs: number,
  ) => {
    const starts = groups.map(([, start]) => start);
    const rows = await query(
      SQL[sql],
      name,
      ...[groups.map(([group]) => group), starts.map(({ at }) => at), starts.map(({ id }) => id)],
      ...[maxReceives, visibilityMs, max],
    );
    const turnOf = new Map<string, number>();
    const ranked = [...rows]
      .sort((a, b) => Number(a['was']) - Number(b['was']) || Number(a['id']) - Number(b['id']))
      .map((row) => {
        const group = String(row['name']);
        const turn = turnOf.get(group) ?? 0;
        turnOf.set(group, turn + 1);
        return { row, group, turn };
      });
    ranked.sort((a, b) => a.turn - b.turn || Number(a.row['place']) - Number(b.row['place']));
    return ranked.map(({ row, group }) => {
      const recent = Number(row['now']) - RECENT_MS;
      const [at, id] = [Number(row['was']), Number(row['id'])];
      turns.serve(group, at < recent ? { at, id } : { at: recent, id: 0 });
      const [receives, delivery] = [row['receives'], row['delivery']];
      const message = { messageId: String(id), body: String(row['body']) };
      return { ...message, receiveCount: Number(receives), receipt: `${id}.${delivery}`, group };
    });
  };

  return async (max: number, visibilityMs: number): Promise<readonly QueueMessage[]> => {
    const order = turns.order();
    const messages: QueueMessage[] = [];
    const served = new Set<string>();
    for (let from = 0; from < order.length && messages.length < max; from += GROUPS) {
      const groups = order.slice(from, from + GROUPS);
      const taken = await takeOf('takeOfEach', groups, max - messages.length, visibilityMs);
      for (const { group, ...message } of taken) {
        served.add(group);
        messages.push(message);
      }
    }
    if (served.size === 0 || messages.length === max) return messages;
    const more = turns.order().filter(([group]) => served.has(group));
    const taken = await takeOf('takeMany', more, max - messages.length, visibilityMs);
    return [...messages, ...taken.map(({ group: _, ...message }) => message)];
  };
}
