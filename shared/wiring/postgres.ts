/**
 * Opens PostgreSQL as ledger and queue; loaded when the configuration names it. One pool per address,
 * whatever is kept there.
 */
import type { Ledger } from '../ledger/ledger.ts';
import { ConfigError } from '../lib/errors.ts';
import { createLog } from '../lib/log.ts';
import type { StoresConfig } from '../stores/config.ts';
import { parseAddress } from '../stores/postgres/address.ts';
import { copyRows } from '../stores/postgres/copy.ts';
import { type Database, openDatabase } from '../stores/postgres/database.ts';
import { createPostgresLedger } from '../stores/postgres/ledger.ts';
import { type Listener, startListener } from '../stores/postgres/listen.ts';
import { CHANNEL, createPostgresQueue } from '../stores/postgres/queue.ts';
import { removeEnded } from '../stores/postgres/retention.ts';
import { checkDatabase, migrateDatabase, VERSION } from '../stores/postgres/schema.ts';
import type { Queue } from '../stores/queue.ts';
import { openSqliteContents } from '../stores/sqlite/contents.ts';
import { once } from './once.ts';

const databases = new Map<string, Promise<Database>>();

const ledgers = new Map<string, Promise<Ledger>>();

const queues = new Map<string, Promise<Queue>>();

const listeners = new Set<Listener>();

/** @throws ConfigError (CONFIG_INVALID, the variable) */
function postgresAddress(variable: string, place: string) {
  const address = parseAddress(place);
  if (typeof address !== 'string') return address;
  throw new ConfigError([{ path: variable, message: address }]);
}

/** Fails now, not in the middle of a run, when it is of no use. @throws StoreError */
async function open(variable: string, place: string): Promise<Database> {
  const address = postgresAddress(variable, place);
  const first = openDatabase(address, { connections: 1, patienceMs: 0 });
  try {
    await checkDatabase(first);
  } finally {
    await first.close();
  }
  return openDatabase(address);
}

/** What can't be opened is tried again by whoever asks next. */
function opened<Store>(
  kept: Map<string, Promise<Store>>,
  place: string,
  make: () => Promise<Store>,
): Promise<Store> {
  return once(kept, place, () => {
    const store = make();
    store.catch(() => kept.delete(place));
    return store;
  });
}

const database = (variable: string, place: string): Promise<Database> =>
  opened(databases, place, () => open(variable, place));

/** @throws ConfigError, StoreError */
export const openLedger = ({ ledger: { place } }: StoresConfig): Promise<Ledger> =>
  opened(ledgers, place, async () => createPostgresLedger(await database('WAYBILL_LEDGER', place)));

/** @throws ConfigError, StoreError */
export const openQueue = ({ queue: { place }, logLevel }: StoresConfig): Promise<Queue> =>
  opened(queues, place, async () => {
    const found = await database('WAYBILL_QUEUE', place);
    const log = createLog({ level: logLevel });
    const listener = startListener(found, CHANNEL, { warn: log.warn });
    listeners.add(listener);
    return createPostgresQueue(found, { name: 'shards', listener });
  });

/** Makes the tables, or brings them to this version. @throws ConfigError, StoreError */
export async function migrateTables(place: string) {
  const address = postgresAddress('WAYBILL_LEDGER', place);
  return { name: address.name, before: await migrateDatabase(address), after: VERSION };
}

/** Copies ledger and queue of an SQLite file, all or nothing. @throws ConfigError, StoreError */
export async function copyFromSqlite(file: string, place: string) {
  return withTables(place, async (found) => {
    const contents = openSqliteContents(file);
    try {
      return await copyRows(found, contents.rows);
    } finally {
      await contents.close();
    }
  });
}

/** Removes what ended before an instant. @returns how many runs @throws ConfigError, StoreError */
export const pruneTables = (place: string, before: Date): Promise<number> =>
  withTables(place, (found) => removeEnded(found, before));

async function withTables<Result>(
  place: string,
  work: (found: Database) => Promise<Result>,
): Promise<Result> {
  const found = await open('WAYBILL_LEDGER', place);
  try {
    return await work(found);
  } finally {
    await found.close();
  }
}

export async function closeDatabases(): Promise<void> {
  await Promise.all([...listeners].map((listener) => listener.close()));
  const all = await Promise.allSettled(databases.values());
  await Promise.all(all.map((each) => each.status === 'fulfilled' && each.value.close()));
  listeners.clear();
  for (const kept of [databases, ledgers, queues]) kept.clear();
}
