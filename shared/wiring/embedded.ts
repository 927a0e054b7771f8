/**
 * The embedded adapters: one SQLite file, one folder. Everything is opened once per place, so that
 * all functions of the process share it. `aws.ts` holds the distributed ones.
 */
import type { LimitsConfig, StoresConfig } from '../config.ts';
import { type CredentialsConfig, openCredentialSets } from '../credentials/file.ts';
import type { CredentialSets } from '../credentials/sets.ts';
import type { StoreAddress } from '../env.ts';
import { ConfigError } from '../errors.ts';
import type { Ledger } from '../ledger/port.ts';
import { createSqliteLedger } from '../ledger/sqlite.ts';
import { createLimiter, type Limiter } from '../limiter.ts';
import { createFolderObjects } from '../objects/folder.ts';
import type { Objects } from '../objects/port.ts';
import type { Queue } from '../queue/port.ts';
import { createSqliteQueue } from '../queue/sqlite.ts';
import type { RetryPolicy } from '../retry.ts';
import { openSqliteFile, type SqliteFile } from '../sqlite.ts';

const files = new Map<string, SqliteFile>();
const ledgers = new Map<string, Ledger>();
const queues = new Map<string, Queue>();
const folders = new Map<string, Objects>();
const limiters = new Map<string, Limiter>();

/** @throws ConfigError for a store this build does not hold; StoreError when it can't be opened */
export const openLedger = async ({ ledger }: StoresConfig): Promise<Ledger> =>
  once(ledgers, place('WAYBILL_LEDGER', ledger, 'sqlite'), (path) =>
    createSqliteLedger(file(path)),
  );

export const openQueue = async ({ queue }: StoresConfig): Promise<Queue> =>
  once(queues, place('WAYBILL_QUEUE', queue, 'sqlite'), (path) =>
    createSqliteQueue(file(path), { name: 'shards' }),
  );

export const openObjects = async ({ objects }: StoresConfig): Promise<Objects> =>
  once(folders, place('WAYBILL_OBJECTS', objects, 'folder'), createFolderObjects);

/** One limiter per provider API in the process, whoever calls it. */
export const openLimiter = (api: string, limits: LimitsConfig, retry?: RetryPolicy): Limiter =>
  once(limiters, api, () => createLimiter({ ...limits, ...(retry && { retry }) }));

/** @throws ConfigError when the file of named sets can't be used */
export const openCredentials = async (config: CredentialsConfig): Promise<CredentialSets> =>
  openCredentialSets(config);

const sleepers = new Set<() => void>();

/** Makes the sweeper of this process look at all tasks now. */
export const openWaker =
  async (_config: StoresConfig): Promise<() => Promise<void>> =>
  async () => {
    for (const wake of sleepers) wake();
  };

/** Hears the waker; for the service that runs the sweeper. */
export function onWake(wake: () => void): () => void {
  sleepers.add(wake);
  return () => sleepers.delete(wake);
}

/** Commits what is waiting and closes every file; nothing may be used after it. */
export async function closeStores(): Promise<void> {
  await Promise.all([...files.values()].map((open) => open.close()));
  for (const kept of [files, ledgers, queues, folders, limiters]) kept.clear();
}

const file = (path: string): SqliteFile => once(files, path, openSqliteFile);

function once<Value>(kept: Map<string, Value>, key: string, make: (key: string) => Value): Value {
  const found = kept.get(key);
  if (found !== undefined) return found;
  const made = make(key);
  kept.set(key, made);
  return made;
}

function place(variable: string, { kind, place: path }: StoreAddress<string>, known: string) {
  if (kind === known) return path;
  const message = `${kind}: is not part of this build; expected ${known}:<path>`;
  throw new ConfigError([{ path: variable, message }]);
}
