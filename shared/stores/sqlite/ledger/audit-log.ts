/** Stores the audit log in SQLite. */
import { toEntryText } from '../../../ledger/audit-log.ts';
import { auditCursor, pageOf, parseRunCursor } from '../../../ledger/cursors.ts';
import type { AuditLogCalls } from '../../ledger-parts.ts';
import { toAuditEntry } from '../../ledger-rows.ts';
import { prepareAll, type Row, type SqliteFile } from '../file.ts';

const PAGE = 'ORDER BY at DESC, entry_id DESC LIMIT ?';

const SQL = {
  insert: 'INSERT INTO audit_log VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  page: `SELECT * FROM audit_log WHERE (at, entry_id) < (?, ?) ${PAGE}`,
  pageOf: `SELECT * FROM audit_log WHERE (at, entry_id) < (?, ?) AND subject = ? ${PAGE}`,
} as const;

export function createAuditLog({ db, write }: SqliteFile): AuditLogCalls {
  const sql = prepareAll(db, SQL);
  return {
    appendAuditEntry: (entry) =>
      write(() => {
        const { at, entryId, subject = null } = entry;
        sql.insert.run(at.getTime(), entryId, subject, toEntryText(entry));
      }, 'synced'),
    async auditLog({ subject, cursor, limit = 20 }) {
      const size = Math.min(Math.max(limit, 1), 100);
      const { createdAtMs, runId } = parseRunCursor(cursor);
      const rows = (
        subject === undefined
          ? sql.page.all(createdAtMs, runId, size + 1)
          : sql.pageOf.all(createdAtMs, runId, subject, size + 1)
      ) as Row[];
      return pageOf(rows.map(toAuditEntry), size, auditCursor);
    },
  };
}
