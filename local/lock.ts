/**
 * One service per data folder: an exclusive SQLite transaction held for the life of the process. The
 * kernel ends it with the process, after `kill -9` too.
 */
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../shared/lib/errors.ts';

export interface Lock {
  release(): void;
}

/** @throws ConfigError (CONFIG_INVALID, `WAYBILL_DATA`) when it is held, or can't be written */
export function lockFolder(folder: string): Lock {
  const pidFile = join(folder, 'lock.pid');
  let db: DatabaseSync;
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    db = new DatabaseSync(join(folder, 'lock.db'), { timeout: 0 });
  } catch (error) {
    throw unusable(folder, error);
  }
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    db.exec('CREATE TABLE IF NOT EXISTS held (pid INTEGER)');
    writeFileSync(pidFile, String(process.pid));
  } catch (error) {
    db.close();
    if (!/locked|busy/i.test(String(error))) throw unusable(folder, error);
    const message = `the folder ${folder} is in use by another service (process ${holder(pidFile)}); stop it, or choose another folder`;
    throw new ConfigError([{ path: 'WAYBILL_DATA', message }]);
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

function unusable(folder: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `the folder ${folder} can't be written: ${reason}`;
  return new ConfigError([{ path: 'WAYBILL_DATA', message }]);
}
