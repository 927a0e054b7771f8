/**
 * One SQLite file, shared by the embedded ledger and queue. Writes are collected for a moment and
 * committed together, so hundreds of facts cost one commit; each promise resolves after it. Every
 * commit survives the end of the process, `kill -9` included. Only commits with a `synced` write
 * are forced to disk and survive a power cut, with all before them: runs, messages and write-ahead
 * intents. A power cut may lose the last answers and outcomes; the intents that cover them are then
 * resolved again.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StoreError } from '../../lib/errors.ts';
import { FILE_MODE, makeFile, tighten } from '../../lib/private-file.ts';
import type { Row } from '../ledger-rows.ts';

export interface SqliteFile {
  readonly db: DatabaseSync;
  /**
   * Runs `change` within the next commit; its value arrives after that. It runs again when another
   * change of the commit throws; what it throws itself undoes it alone.
   */
  write<Value>(change: () => Value, synced?: 'synced'): Promise<Value>;
  /**
   * Adds work to every commit: `before` runs inside it, after all changes; `discard` when it failed.
   */
  onCommit(hook: CommitHook): void;
  /** Commits what is waiting and closes the file. */
  close(): Promise<void>;
}

interface CommitHook {
  readonly before: () => void;
  readonly discard: () => void;
}

interface Waiting {
  readonly change: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  /** When another process first held the file as it was to be written. */
  busySince?: number;
}

/** What became of a change. */
type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Grows with every change of the tables; an older program refuses a newer file. */
export const FILE_VERSION = 10;

/** Between two commits: one write alone goes at once, many share a sync. */
const COMMIT_GAP_MS = 4;

/** Where so many come in one turn, waiting for more gains nothing. */
const MANY = 64;

/** How long a change waits for another process that holds the file: as it runs, and as it closes. */
const BUSY_MS = 5_000;
const BUSY_CLOSING_MS = 1_000;
const BUSY_RETRY_MS = 10;

/**
 * @param path of the file, made with its folder when absent, or `:memory:`
 * @param gapMs least time between two commits; 0 where time is not real, as in tests
 * @throws StoreError (STORE_FAILED) when it can't be opened or written
 */
export function openSqliteFile(path: string, gapMs = COMMIT_GAP_MS): SqliteFile {
  const db = open(path);
  const hooks: CommitHook[] = [];
  const commit = createCommit(db, hooks);
  let isSynced = false;
  let waiting: Waiting[] = [];
  let flushedAt = Number.NEGATIVE_INFINITY;
  let scheduled: Promise<void> | undefined;
  let isClosing = false;

  const schedule = async (waitMs: number): Promise<void> => {
    await turn(waitMs);
    scheduled = undefined;
    flush();
  };

  /** Waits without holding the event loop; whoever has waited for too long is refused. */
  const putBack = (batch: readonly Waiting[], failure: StoreError): void => {
    const now = performance.now();
    const limitMs = isClosing ? BUSY_CLOSING_MS : BUSY_MS;
    for (const change of batch) {
      change.busySince ??= now;
      if (now - change.busySince < limitMs) waiting.push(change);
      else change.reject(failure);
    }
    if (waiting.length > 0) scheduled = schedule(BUSY_RETRY_MS);
  };

  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    let outcomes: readonly Outcome[];
    try {
      outcomes = commit(batch, isSynced);
      isSynced = false;
      flushedAt = batch.length < MANY ? performance.now() : Number.NEGATIVE_INFINITY;
    } catch (error) {
      const failure = failed(path, error);
      if (isBusy(error)) putBack(batch, failure);
      else {
        isSynced = false;
        for (const { reject } of batch) reject(failure);
      }
      return;
    }
    settle(batch, outcomes, path);
  };

  const write: SqliteFile['write'] = <Value>(change: () => Value, synced?: 'synced') =>
    new Promise<Value>((done, reject) => {
      isSynced ||= synced === 'synced';
      waiting.push({ change, resolve: done as Waiting['resolve'], reject });
      scheduled ??= schedule(flushedAt + gapMs - performance.now());
    });

  const close = async () => {
    isClosing = true;
    while (scheduled) await scheduled;
    if (db.isOpen) db.close();
  };
  return { db, write, onCommit: (hook) => void hooks.push(hook), close };
}

const turn = (waitMs: number): Promise<void> =>
  new Promise((next) => (waitMs > 0 ? setTimeout(next, waitMs) : setImmediate(next)));

function settle(batch: readonly Waiting[], outcomes: readonly Outcome[], path: string): void {
  for (const [index, { resolve: done, reject }] of batch.entries()) {
    const outcome = outcomes[index] as Outcome;
    if ('value' in outcome) done(outcome.value as never);
    else reject(isSqliteError(outcome.error) ? failed(path, outcome.error) : outcome.error);
  }
}

export type { Row };

/** Statements by the names of their texts. */
export const prepareAll = <Name extends string>(
  db: DatabaseSync,
  sql: Readonly<Record<Name, string>>,
): Readonly<Record<Name, StatementSync>> =>
  Object.fromEntries(
    Object.entries<string>(sql).map(([name, text]) => [name, db.prepare(text)]),
  ) as Record<Name, StatementSync>;

/**
 * Commits changes together. When one of them throws, all are undone and done again, each for itself, so
 * that the one fails alone. Throws when the file can't be written, or is busy; nothing was done then.
 */
function createCommit(db: DatabaseSync, hooks: readonly CommitHook[]) {
  const begin = createBegin(db);
  const end = db.prepare('COMMIT');
  let wasSynced = true;

  const runHooks = (): void => {
    for (const { before } of hooks) before();
  };
  const discard = (): void => {
    for (const { discard: forget } of hooks) forget();
  };
  const undo = (): void => {
    try {
      db.exec('ROLLBACK');
    } catch {
      // SQLite itself gave up the whole transaction, as on a full disk.
    }
    discard();
  };

  const doTogether = (batch: readonly Waiting[]): readonly Outcome[] => {
    const outcomes = batch.map(({ change }) => ({ value: change() }));
    runHooks();
    return outcomes;
  };

  const doOne = createDoOne(db, runHooks, discard);

  return (batch: readonly Waiting[], isSynced: boolean): readonly Outcome[] => {
    try {
      // The level can't change within a transaction.
      if (isSynced !== wasSynced) {
        db.exec(isSynced ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
        wasSynced = isSynced;
      }
      begin();
      let outcomes: readonly Outcome[];
      try {
        outcomes = doTogether(batch);
      } catch {
        undo();
        begin();
        outcomes = batch.map(doOne);
      }
      end.run();
      return outcomes;
    } catch (error) {
      undo();
      throw error;
    }
  };
}

/** @returns begins a transaction, or throws at once when the file is busy */
function createBegin(db: DatabaseSync) {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const waitNever = db.prepare('PRAGMA busy_timeout = 0');
  const waitAgain = db.prepare(`PRAGMA busy_timeout = ${BUSY_MS}`);
  return (): void => {
    waitNever.get();
    try {
      begin.run();
    } finally {
      waitAgain.get();
    }
  };
}

/** @returns does one change within a transaction, which goes on when it fails */
function createDoOne(db: DatabaseSync, runHooks: () => void, discard: () => void) {
  const beginOne = db.prepare('SAVEPOINT change');
  const endOne = db.prepare('RELEASE change');
  const undoOne = db.prepare('ROLLBACK TO change');
  return ({ change }: Waiting): Outcome => {
    beginOne.run();
    try {
      const value = change();
      runHooks();
      endOne.run();
      return { value };
    } catch (error) {
      try {
        undoOne.run();
        endOne.run();
      } catch {
        // There is no transaction any more.
        throw error;
      }
      discard();
      return { error };
    }
  };
}

function open(path: string): DatabaseSync {
  try {
    const real = path === ':memory:' ? path : makeFile(path);
    // What SQLite makes beside it has its mode; what an earlier version left may be open to others.
    for (const end of ['-wal', '-shm']) tighten(`${real}${end}`, FILE_MODE);
    refuseNewer(real);
    const db = new DatabaseSync(real);
    db.exec(
      `PRAGMA busy_timeout = ${BUSY_MS}; ` +
        'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16000',
    );
    // Fails here, not in the middle of a run, when the folder or the disk can't take a write.
    db.exec('CREATE TABLE IF NOT EXISTS opened (at TEXT NOT NULL)');
    db.exec("DELETE FROM opened; INSERT INTO opened VALUES (datetime('now'))");
    return db;
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`SQLite could not open ${path}: ${reason(error)}`, error);
  }
}

/** Before anything is written. @throws StoreError (STORE_FAILED) */
function refuseNewer(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const { user_version: found } = db.prepare('PRAGMA user_version').get() as Row;
    if (Number(found) <= FILE_VERSION) return;
    throw new StoreError(
      `The file ${path} has version ${found}, this program supports ${FILE_VERSION}: it was written by a newer Waybill.`,
    );
  } finally {
    db.close();
  }
}

const isSqliteError = (error: unknown): error is Error & { readonly errcode: number } =>
  error instanceof Error && 'errcode' in error;

/** https://www.sqlite.org/rescode.html#busy: the low byte of each of its codes. */
const BUSY = 5;

const isBusy = (error: unknown): boolean => isSqliteError(error) && (error.errcode & 0xff) === BUSY;

const failed = (path: string, error: unknown): StoreError =>
  new StoreError(`SQLite could not write ${path}: ${reason(error)}`, error);

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
