/**
 * Locks a data folder and its SQLite files for one service: an exclusive SQLite transaction held
 * for the life of the process. The kernel ends it with the process, after `kill -9` too.
 */
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../shared/lib/errors.ts';
import { makeFile, makeFolder } from '../shared/lib/private-file.ts';
import type { NamedFile } from '../shared/wiring/sqlite-files.ts';

export interface Lock {
  release(): void;
}

/** What is locked, as errors name it. */
interface Locked {
  /** The variable that names it. */
  readonly name: string;
  readonly what: string;
  readonly instead: string;
}

/** @throws ConfigError (CONFIG_INVALID, `WAYBILL_DATA`) when it is held, or can't be written */
export function lockFolder(folder: string): Lock {
  const locked = {
    name: 'WAYBILL_DATA',
    what: `the folder ${folder}`,
    instead: 'choose another folder',
  };
  unlessUnusable(locked, () => {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  });
  return hold(join(folder, 'lock.db'), join(folder, 'lock.pid'), locked);
}

/**
 * Locks SQLite files, each beside itself: whatever data folder and whatever links lead to a file, they
 * meet the same lock. A file that several names lead to is locked once.
 * @throws ConfigError (CONFIG_INVALID, the variable) when one is held, or can't be written
 */
export function lockFiles(files: readonly NamedFile[]): Lock {
  const locks = new Map<string, Lock>();
  const release = () => {
    for (const lock of locks.values()) lock.release();
  };
  try {
    for (const { name, path } of files) {
      const locked = { name, what: `the file ${path}`, instead: 'choose another file' };
      const real = unlessUnusable(locked, () => makeFile(path));
      if (!locks.has(real)) locks.set(real, hold(`${real}-lock`, `${real}-lock.pid`, locked));
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** @param pidFile tells others who holds it: the lock itself can't be read meanwhile */
function hold(lockFile: string, pidFile: string, locked: Locked): Lock {
  const { name, what, instead } = locked;
  const db = unlessUnusable(locked, () => {
    makeFile(lockFile);
    return new DatabaseSync(lockFile, { timeout: 0 });
  });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    db.exec('CREATE TABLE IF NOT EXISTS held (pid INTEGER)');
    makeFile(pidFile);
    writeFileSync(pidFile, String(process.pid));
  } catch (error) {
    db.close();
    if (!/locked|busy/i.test(String(error))) throw unusable(locked, error);
    const message = `${what} is in use by another service (process ${holder(pidFile)}); stop it, or ${instead}`;
    throw new ConfigError([{ path: name, message }]);
  }
  return { release: () => db.close() };
}

function holder(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8');
  } catch {
    return 'unknown';
  }
}

function unlessUnusable<Value>(locked: Locked, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw unusable(locked, error);
  }
}

function unusable({ name, what }: Locked, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConfigError([{ path: name, message: `${what} can't be written: ${reason}` }]);
}
