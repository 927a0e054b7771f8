/** Stores the audit log in PostgreSQL. */
import { toEntryText } from '../../../ledger/audit-log.ts';
import { auditCursor, pageOf, parseRunCursor } from '../../../ledger/cursors.ts';
import type { AuditLogCalls } from '../../ledger-parts.ts';
import { toAuditEntry } from '../../ledger-rows.ts';
import { type Database, statementsOf } from '../database.ts';

const SQL = statementsOf('audit log', {
  insert: 'INSERT INTO waybill.audit_log VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
  page: `
    SELECT * FROM waybill.audit_log WHERE (at, entry_id) < ($1, $2)
    ORDER BY at DESC, entry_id DESC LIMIT $3`,
  pageOf: `
    SELECT * FROM waybill.audit_log WHERE (at, entry_id) < ($1, $2) AND subject = $4
    ORDER BY at DESC, entry_id DESC LIMIT $3`,
});

export function createAuditLog({ query }: Database): AuditLogCalls {
  return {
    async appendAuditEntry(entry) {
      const { at, entryId, subject = null } = entry;
      await query(SQL.insert, at.getTime(), entryId, subject, toEntryText(entry));
    },
    async auditLog({ subject, cursor, limit = 20 }) {
      const size = Math.min(Math.max(limit, 1), 100);
      const { createdAtMs, runId } = parseRunCursor(cursor);
      const asked = [createdAtMs, runId, size + 1] as const;
      const rows =
        subject === undefined
          ? await query(SQL.page, ...asked)
          : await query(SQL.pageOf, ...asked, subject);
      return pageOf(rows.map(toAuditEntry), size, auditCursor);
    },
  };
}
