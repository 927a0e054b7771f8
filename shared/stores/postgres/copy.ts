/** Copies the rows of another relational store, with the same tables, into an empty database. */
import { StoreError } from '../../lib/errors.ts';
import type { Row } from '../ledger-rows.ts';
import type { Database, Query } from './database.ts';

/** In their order: lines need the partition of their run. */
const TABLES = {
  runs: `run_id number created_at state trigger operation source target task error shard_count
    size_bytes totals handed_to migration_id stopped_at resumed_at closing_at closed_at`,
  migrations: 'migration_id created_at state closed_at document version',
  shards: `run_id shard body ended windows marks first last lines header blank quarantined transfers
    warnings planned submitting submitted failed cancelled succeeded updated_at described_at`,
  transfers: `run_id shard line state attempt class cause accepted url key md5 listed task progress
    events history updated_at`,
  lines: 'run shard line word id',
  claims: 'key run_id request_hash at',
  nights: 'key run_id',
  notes: 'name text version',
  audit_log: 'at entry_id subject entry',
  messages: 'queue message_group body receives',
} as const;

type Table = keyof typeof TABLES;

/** Rows written with one statement. */
const MOST = 2_000;

/** Deliveries that were under way end with the copy: their worker is not there any more. */
const VALUE_OF: Partial<Record<Table, string>> = { messages: 'waybill.now_ms()' };

/** @throws StoreError when there are rows already; nothing was copied then */
export function copyRows(
  database: Database,
  rowsOf: (table: string) => Iterable<Row>,
): Promise<Readonly<Record<Table, number>>> {
  return database.transaction(async (query) => {
    const [found] = await query({ name: 'copy empty', text: IS_EMPTY });
    if (found?.['empty'] !== 1) {
      throw new StoreError(
        `PostgreSQL at ${database.address.name} holds runs already; expected a database without any.`,
      );
    }
    const counts = {} as Record<Table, number>;
    for (const table of Object.keys(TABLES) as Table[]) {
      counts[table] = await copyTable(query, table, rowsOf(table));
      if (table === 'runs') await query({ name: 'copy blocks', text: BLOCKS });
    }
    await query({ name: 'copy groups', text: GROUPS });
    return counts;
  });
}

const IS_EMPTY = `
  SELECT CASE WHEN EXISTS (SELECT FROM waybill.runs) OR EXISTS (SELECT FROM waybill.messages)
    OR EXISTS (SELECT FROM waybill.migrations) THEN 0 ELSE 1 END::bigint AS empty`;

const BLOCKS = `
  SELECT waybill.open_block(number),
    setval(pg_get_serial_sequence('waybill.runs', 'number'), (SELECT MAX(number) FROM waybill.runs))
  FROM waybill.runs`;

const GROUPS = `
  INSERT INTO waybill.message_groups (queue, name)
  SELECT queue, message_group FROM waybill.messages GROUP BY queue, message_group ORDER BY MIN(id)`;

async function copyTable(query: Query, table: Table, rows: Iterable<Row>): Promise<number> {
  const columns = TABLES[table].split(/\s+/);
  const extra = VALUE_OF[table];
  const isText = (column: string): boolean => TEXTS.has(column);
  const types = columns.map((column, at) => `$${at + 1}::${isText(column) ? 'text' : 'bigint'}[]`);
  const text = `
    INSERT INTO waybill.${table} (${columns.join(', ')}${extra ? ', visible_at' : ''})
    ${table === 'runs' ? 'OVERRIDING SYSTEM VALUE' : ''}
    SELECT copied.*${extra ? `, ${extra}` : ''} FROM unnest(${types.join(', ')}) AS copied`;
  const statement = { name: `copy ${table}`, text };
  let count = 0;
  let waiting: Row[] = [];
  const write = async (): Promise<void> => {
    const values = columns.map((column) => waiting.map((row) => row[column] ?? null));
    await query(statement, ...values);
    count += waiting.length;
    waiting = [];
  };
  for (const row of rows) {
    waiting.push(row);
    if (waiting.length === MOST) await write();
  }
  if (waiting.length > 0) await write();
  return count;
}

const TEXTS = new Set(
  `run_id state trigger operation source target task error totals handed_to migration_id document
  body windows marks warnings class cause accepted url key md5 listed progress history id
  request_hash name text queue message_group entry_id subject entry`.split(/\s+/),
);
