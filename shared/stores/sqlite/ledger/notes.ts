/** Stores idempotency claims, named leases, notes and counts of nights in SQLite. */

import type { Claim } from '../../../ledger/ledger.ts';
import type { NoteCalls } from '../../ledger-parts.ts';
import type { SqliteFile } from '../file.ts';

export function createNotes({ db, write }: SqliteFile): NoteCalls {
  const insertClaim = db.prepare('INSERT INTO claims VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const selectClaim = db.prepare('SELECT run_id, request_hash FROM claims WHERE key = ?');
  const takeLease = db.prepare(`
    INSERT INTO leases VALUES (:name, :owner, :until)
    ON CONFLICT DO UPDATE SET owner = excluded.owner, until = excluded.until
    WHERE owner = excluded.owner OR until <= :now`);
  const dropLease = db.prepare('DELETE FROM leases WHERE name = ? AND owner = ?');
  const readNote = db.prepare('SELECT text, version FROM notes WHERE name = ?');
  const insertNote = db.prepare('INSERT INTO notes VALUES (?, ?, 1) ON CONFLICT DO NOTHING');
  const updateNote = db.prepare(
    'UPDATE notes SET text = ?, version = version + 1 WHERE name = ? AND version = ?',
  );
  const countNight = db.prepare('INSERT INTO nights VALUES (?, ?) ON CONFLICT DO NOTHING');
  const sumNights = db.prepare('SELECT COUNT(*) AS nights FROM nights WHERE key = ?');
  const nightsOf = db.prepare(`
    SELECT key, COUNT(*) AS nights FROM nights
    WHERE key IN (SELECT value FROM json_each(?)) GROUP BY key`);
  const forgetNights = db.prepare('DELETE FROM nights WHERE key = ?');

  return {
    claim: (key, { runId, requestHash }, at) =>
      write((): Claim => {
        insertClaim.run(key, runId, requestHash, at.getTime());
        const kept = selectClaim.get(key) as { run_id: string; request_hash: string };
        return { runId: kept.run_id, requestHash: kept.request_hash };
      }, 'synced'),
    takeLease: (name, { owner, at, leaseMs }) =>
      write(() => {
        const now = at.getTime();
        return takeLease.run({ name, owner, until: now + leaseMs, now }).changes === 1;
      }, 'synced'),
    dropLease: (name, owner) =>
      write(() => {
        dropLease.run(name, owner);
      }),
    readNote: async (name) => {
      const row = readNote.get(name) as { text: string; version: number } | undefined;
      return row && { text: row.text, version: Number(row.version) };
    },
    swapNote: (name, text, version) =>
      write(() => {
        const { changes } =
          version === undefined ? insertNote.run(name, text) : updateNote.run(text, name, version);
        return changes === 1;
      }),
    countNight: (key, runId) =>
      write(() => {
        countNight.run(key, runId);
        return Number((sumNights.get(key) as { nights: number }).nights);
      }, 'synced'),
    nights: async (keys) => {
      const rows = nightsOf.all(JSON.stringify(keys)) as { key: string; nights: number }[];
      return new Map(rows.map(({ key, nights }) => [key, Number(nights)]));
    },
    forgetNights: (key) =>
      write(() => {
        forgetNights.run(key);
      }),
  };
}
