/**
 * One SQLite file shared by the embedded ledger and queue. Writes are collected for a moment and
 * committed together, so that hundreds of facts cost one commit; each promise resolves after it. Every
 * commit outlives the process, `kill -9` included. Only those with a `synced` write are forced to the
 * disk and outlive a power cut, with all before them: runs, messages and write-ahead intents. A power
 * cut may so take the last answers and outcomes; the intents that cover them are then resolved again.
 */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../lib/errors.ts';

export interface SqliteFile {
  readonly db: DatabaseSync;
  /** Runs `change` within the next commit; its value arrives after that. */
  write<Value>(change: () => Value, synced?: 'synced'): Promise<Value>;
  /**
   * Adds work to every commit: `before` runs inside it, after all changes; `discard` when it failed.
   */
  onCommit(hook: CommitHook): void;
  /** Commits what is waiting and closes the file. */
  close(): Promise<void>;
}

export interface CommitHook {
  readonly before: () => void;
  readonly discard: () => void;
}

interface Waiting {
  readonly change: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Least time between two commits: one write alone goes at once, many share a sync. */
const COMMIT_GAP_MS = 1;

/** Where so many come in one turn, waiting for more gains nothing. */
const MANY = 64;

/**
 * @param path of the file, made with its folder when absent, or `:memory:`
 * @throws StoreError (STORE_FAILED) when it can't be opened or written
 */
export function openSqliteFile(path: string): SqliteFile {
  const db = open(path);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  let isSynced = false;
  let wasSynced = true;
  const hooks: CommitHook[] = [];
  let waiting: Waiting[] = [];
  let flushedAt = Number.NEGATIVE_INFINITY;
  let scheduled: Promise<void> | undefined;

  const flush = () => {
    scheduled = undefined;
    const batch = waiting;
    waiting = [];
    const values: unknown[] = [];
    try {
      // The level can't change within a transaction.
      if (isSynced !== wasSynced) {
        db.exec(isSynced ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
        wasSynced = isSynced;
      }
      isSynced = false;
      begin.run();
      for (const { change } of batch) values.push(change());
      for (const { before } of hooks) before();
      commit.run();
      flushedAt = batch.length < MANY ? performance.now() : Number.NEGATIVE_INFINITY;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      for (const { discard } of hooks) discard();
      const failure = new StoreError(`SQLite could not write ${path}: ${reason(error)}`, error);
      for (const { reject } of batch) reject(failure);
      return;
    }
    for (const [index, { resolve: done }] of batch.entries()) done(values[index] as never);
  };

  const write: SqliteFile['write'] = <Value>(change: () => Value, synced?: 'synced') =>
    new Promise<Value>((done, reject) => {
      isSynced ||= synced === 'synced';
      waiting.push({ change, resolve: done as Waiting['resolve'], reject });
      scheduled ??= new Promise((next) => {
        const act = () => {
          flush();
          next();
        };
        const waitMs = flushedAt + COMMIT_GAP_MS - performance.now();
        if (waitMs > 0) setTimeout(act, waitMs);
        else setImmediate(act);
      });
    });

  const close = async () => {
    while (scheduled) await scheduled;
    if (db.isOpen) db.close();
  };
  return { db, write, onCommit: (hook) => void hooks.push(hook), close };
}

function open(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') mkdirSync(dirname(resolve(path)), { recursive: true });
    const db = new DatabaseSync(path, { timeout: 5_000 });
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16000',
    );
    // Fails here, not in the middle of a run, when the folder or the disk can't take a write.
    db.exec('CREATE TABLE IF NOT EXISTS opened (at TEXT NOT NULL)');
    db.exec("DELETE FROM opened; INSERT INTO opened VALUES (datetime('now'))");
    return db;
  } catch (error) {
    throw new StoreError(`SQLite could not open ${path}: ${reason(error)}`, error);
  }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
