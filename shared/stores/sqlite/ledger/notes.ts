/** Stores idempotency claims, named leases, notes and counts of nights in SQLite. */

import type { Claim } from '../../../ledger/ledger.ts';
import type { NoteCalls } from '../../ledger-parts.ts';
import { prepareAll, type SqliteFile } from '../file.ts';

const SQL = {
  insertClaim: 'INSERT INTO claims VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  selectClaim: 'SELECT run_id, request_hash FROM claims WHERE key = ?',
  takeLease: `
    INSERT INTO leases VALUES (:name, :owner, :until)
    ON CONFLICT DO UPDATE SET owner = excluded.owner, until = excluded.until
    WHERE owner = excluded.owner OR until <= :now`,
  dropLease: 'DELETE FROM leases WHERE name = ? AND owner = ?',
  readNote: 'SELECT text, version FROM notes WHERE name = ?',
  insertNote: 'INSERT INTO notes VALUES (?, ?, 1) ON CONFLICT DO NOTHING',
  updateNote: 'UPDATE notes SET text = ?, version = version + 1 WHERE name = ? AND version = ?',
  countNight: 'INSERT INTO nights VALUES (?, ?) ON CONFLICT DO NOTHING',
  sumNights: 'SELECT COUNT(*) AS nights FROM nights WHERE key = ?',
  nightsOf: `
    SELECT key, COUNT(*) AS nights FROM nights
    WHERE key IN (SELECT value FROM json_each(?)) GROUP BY key`,
  forgetNights: 'DELETE FROM nights WHERE key = ?',
} as const;

export function createNotes({ db, write }: SqliteFile): NoteCalls {
  const sql = prepareAll(db, SQL);
  return {
    claim: (key, { runId, requestHash }, at) =>
      write((): Claim => {
        sql.insertClaim.run(key, runId, requestHash, at.getTime());
        const kept = sql.selectClaim.get(key) as { run_id: string; request_hash: string };
        return { runId: kept.run_id, requestHash: kept.request_hash };
      }, 'synced'),
    takeLease: (name, { owner, at, leaseMs }) =>
      write(() => {
        const now = at.getTime();
        return sql.takeLease.run({ name, owner, until: now + leaseMs, now }).changes === 1;
      }, 'synced'),
    dropLease: (name, owner) =>
      write(() => {
        sql.dropLease.run(name, owner);
      }),
    readNote: async (name) => {
      const row = sql.readNote.get(name) as { text: string; version: number } | undefined;
      return row && { text: row.text, version: Number(row.version) };
    },
    swapNote: (name, text, version) =>
      write(() => {
        const { changes } =
          version === undefined
            ? sql.insertNote.run(name, text)
            : sql.updateNote.run(text, name, version);
        return changes === 1;
      }),
    countNight: (key, runId) =>
      write(() => {
        sql.countNight.run(key, runId);
        return Number((sql.sumNights.get(key) as { nights: number }).nights);
      }, 'synced'),
    nights: async (keys) => {
      const rows = sql.nightsOf.all(JSON.stringify(keys)) as { key: string; nights: number }[];
      return new Map(rows.map(({ key, nights }) => [key, Number(nights)]));
    },
    forgetNights: (key) =>
      write(() => {
        sql.forgetNights.run(key);
      }),
  };
}
