/** Stores idempotency claims, named leases, notes and counts of nights in PostgreSQL. */
import type { NoteCalls } from '../../ledger-parts.ts';
import { type Database, statementsOf } from '../database.ts';

const SQL = statementsOf('notes', {
  insertClaim: 'INSERT INTO waybill.claims VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
  selectClaim: 'SELECT run_id, request_hash FROM waybill.claims WHERE key = $1',
  takeLease: `
    INSERT INTO waybill.leases AS held VALUES ($1, $2, $3::bigint + $4::bigint)
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
    WHERE held.owner = excluded.owner OR held.until <= $3 RETURNING 1`,
  dropLease: 'DELETE FROM waybill.leases WHERE name = $1 AND owner = $2',
  readNote: 'SELECT text, version FROM waybill.notes WHERE name = $1',
  insertNote: 'INSERT INTO waybill.notes VALUES ($1, $2, 1) ON CONFLICT DO NOTHING RETURNING 1',
  updateNote: `
    UPDATE waybill.notes SET text = $2, version = version + 1
    WHERE name = $1 AND version = $3 RETURNING 1`,
  countNight: 'INSERT INTO waybill.nights VALUES ($1, $2) ON CONFLICT DO NOTHING',
  nightsOf: `
    SELECT key, COUNT(*) AS nights FROM waybill.nights WHERE key = ANY($1::text[]) GROUP BY key`,
  forgetNights: 'DELETE FROM waybill.nights WHERE key = $1',
});

export function createNotes({ query, queryOnce, toServer }: Database): NoteCalls {
  const nights: NoteCalls['nights'] = async (keys) => {
    const rows = await query(SQL.nightsOf, keys);
    return new Map(rows.map(({ key, nights: count }) => [String(key), Number(count)]));
  };
  return {
    async claim(key, { runId, requestHash }, at) {
      await query(SQL.insertClaim, key, runId, requestHash, at.getTime());
      const [kept] = await query(SQL.selectClaim, key);
      return { runId: String(kept?.['run_id']), requestHash: String(kept?.['request_hash']) };
    },
    takeLease: async (name, { owner, at, leaseMs }) =>
      (await query(SQL.takeLease, name, owner, await toServer(at), leaseMs)).length === 1,
    async dropLease(name, owner) {
      await query(SQL.dropLease, name, owner);
    },
    async readNote(name) {
      const [row] = await query(SQL.readNote, name);
      return row && { text: String(row['text']), version: Number(row['version']) };
    },
    async swapNote(name, text, version) {
      const rows =
        version === undefined
          ? await queryOnce(SQL.insertNote, name, text)
          : await queryOnce(SQL.updateNote, name, text, version);
      return rows.length === 1;
    },
    async countNight(key, runId) {
      await query(SQL.countNight, key, runId);
      return (await nights([key])).get(key) ?? 0;
    },
    nights,
    async forgetNights(key) {
      await query(SQL.forgetNights, key);
    },
  };
}
