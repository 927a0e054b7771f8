/** Stores the audit log in DynamoDB: the entries of a run or migration share a partition. */
import { type AuditEntry, parseAuditEntry, toEntryText } from '../../../ledger/audit-log.ts';
import { auditCursor, pageOf, parseRunCursor } from '../../../ledger/cursors.ts';
import type { AuditLogCalls } from '../../ledger-parts.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, number, text } from './item.ts';
import { auditPartition, createdSort } from './keys.ts';
import type { Table } from './table.ts';

export const createAuditLog = (table: Table, expiry: Expiry): AuditLogCalls => ({
  async appendAuditEntry(entry) {
    const { at, entryId, subject } = entry;
    const created = createdSort(at.getTime(), entryId);
    await table.put({
      ...{ pk: auditPartition(subject), sk: created, kind: 'audit', created },
      ...{ entryId, at: at.getTime(), entry: toEntryText(entry) },
      ...(subject !== undefined && { subject }),
      ...expiry.ended(at),
    });
  },
  async auditLog({ subject, cursor, limit = 20 }) {
    const size = Math.min(Math.max(limit, 1), 100);
    const { createdAtMs, runId } = parseRunCursor(cursor);
    const before = createdSort(createdAtMs, runId);
    const found = table.query({
      ...(subject === undefined
        ? {
            index: 'newest',
            where: '#kind = :kind AND #created < :before',
            values: { kind: 'audit', before },
          }
        : {
            where: '#pk = :pk AND #sk < :before',
            values: { pk: auditPartition(subject), before },
          }),
      newestFirst: true,
      pageSize: size + 1,
    });
    const items: AuditEntry[] = [];
    for await (const item of found) if (items.push(toEntry(item)) > size) break;
    return pageOf(items, size, auditCursor);
  },
});

const toEntry = (item: Item): AuditEntry =>
  parseAuditEntry(
    text(item, 'entryId'),
    number(item, 'at'),
    has(item, 'subject') ? text(item, 'subject') : null,
    text(item, 'entry'),
  );
