/** Files of every earlier version of the SQLite ledger: opened, upgraded, and refused where they are newer. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runIdFrom, versionOf } from '../../shared/runs/task-runs.ts';
import { createCallbackTokens } from '../../shared/signing/callback-token.ts';
import { FILE_VERSION, openSqliteFile } from '../../shared/stores/sqlite/file.ts';
import { startProgram } from '../fixtures/processes.ts';
import { readStores, readTables } from '../fixtures/sqlite-contents.ts';
import { readSql, readState, STATE_KEYS, stateNames, writeSqlite } from '../fixtures/states.ts';
import { temporaryFolder } from '../fixtures/stores.ts';

const written = (name: string): string => {
  const path = join(temporaryFolder(), 'waybill.db');
  writeSqlite(path, readSql(name));
  return path;
};

const STATES = stateNames('sqlite');
/** Before the tokens of all of them end. */
const RECORDED = new Date('2026-11-29T22:00:00Z');
const [kid = '', secret = ''] = STATE_KEYS.split(':');
const tokens = createCallbackTokens([{ kid, secret }]);

it('has a file of each version', () => {
  const versions = STATES.map((name) =>
    Number(/PRAGMA user_version = (\d+)/.exec(readSql(name))?.[1]),
  );
  expect([...new Set(versions)]).toEqual(Array.from({ length: FILE_VERSION }, (_, n) => n + 1));
});

it('goes on with the runs and callbacks of every version', () => {
  for (const name of [...STATES, ...stateNames('postgres')]) {
    const { submissions } = readState(name);
    expect(submissions.length).toBeGreaterThan(6);
    for (const { successCallbackUrl, failureCallbackUrl } of submissions) {
      const outcomes = [successCallbackUrl, failureCallbackUrl].map(
        (url) => tokens.verify(url.split('/').at(-1) ?? '', RECORDED).outcome,
      );
      expect(outcomes).toEqual(['succeeded', 'failed']);
    }
  }
  const manifest = {
    key: 'cos-fetch/ap-shanghai/examplebucket-1250000000/a.csv',
    etag: '3t-dn80tj4pervd-66b17',
    sizeBytes: 137,
    lastModifiedAt: new Date('2026-11-20T02:00:00.000Z'),
  };
  // As version 1 made it: a file that is there starts no second run.
  expect(runIdFrom(...versionOf('/var/lib/waybill/objects', manifest))).toBe(
    'f22e9a199b3146c22d5f6ca0',
  );
});

describe.each(STATES)('a file of %s', (name) => {
  it('gets the tables of a new one, keeps every row, and is opened again without a change', async () => {
    const path = written(name);
    const before = readTables(path);
    const opened = await readStores(path);
    expect(opened.runs).toHaveLength(before.rows['runs']?.length ?? 0);
    const [active] = opened.runs.filter(({ run }) => run?.source?.key.endsWith('half.csv'));
    expect(active?.run).toMatchObject({ state: 'active', counts: { quarantined: 1, failed: 2 } });
    expect(active?.transfers.filter(({ state }) => state === 'failed')).toHaveLength(2);
    expect(opened.depth.waiting + opened.depth.inFlight).toBe(before.rows['messages']?.length);

    const after = readTables(path);
    const fresh = join(temporaryFolder(), 'waybill.db');
    await readStores(fresh);
    const { version, columns, indexes } = readTables(fresh);
    expect(after).toMatchObject({ version, columns, indexes });
    for (const [table, rows] of Object.entries(before.rows)) {
      expect(after.rows[table]).toMatchObject(rows);
    }
    expect(await readStores(path)).toEqual(opened);
    expect(readTables(path)).toEqual(after);
  });
});

it('a file of a newer version is refused before a byte of it changes, with what is not yet in it', async () => {
  const path = written('sqlite-v10');
  const file = openSqliteFile(path);
  file.db.exec(`PRAGMA user_version = ${FILE_VERSION + 1}`);
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'data'));
  // As a process that was killed leaves them: the version stands in the log alone.
  const parts = ['waybill.db', 'waybill.db-wal'];
  for (const part of parts) {
    copyFileSync(path.replace('waybill.db', part), join(folder, 'data', part));
  }
  await file.close();
  const bytes = () => parts.map((part) => readFileSync(join(folder, 'data', part)).toString('hex'));
  const before = bytes();
  const data = join(folder, 'data', 'waybill.db');
  const refusal = `has version ${FILE_VERSION + 1}, this program supports ${FILE_VERSION}: it was written by a newer Waybill.`;
  expect(() => openSqliteFile(data)).toThrow(`The file ${data} ${refusal}`);
  const service = startProgram('local/main.ts', [], {
    WAYBILL_DATA: join(folder, 'data'),
    PORT: '0',
  });
  expect(await service.ended).toBe(1);
  expect(service.output()).toContain(refusal);
  expect(bytes()).toEqual(before);
});
