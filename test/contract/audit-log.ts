/** What every ledger adapter must do for the audit log, a part of `ledger.ts`. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../shared/ledger/audit-log.ts';
import type { Ledger } from '../../shared/ledger/ledger.ts';

const AT = new Date('2026-11-20T02:00:00.000Z');

const entry = (entryId: string, change: Partial<AuditEntry> = {}): AuditEntry => ({
  entryId,
  at: AT,
  request: 'PUT /pace',
  ...change,
});

export function auditLogContract(open: () => Promise<Ledger>): void {
  describe('audit log', () => {
    let ledger: Ledger;
    beforeEach(async () => {
      ledger = await open();
    });

    it('keeps an entry as it was written, once', async () => {
      const whole = entry('e1', {
        token: '张伟',
        request: 'POST /runs/r1/retry\u0000',
        subject: 'r1',
        detail: '{"class":["source"]}',
      });
      await ledger.appendAuditEntry(whole);
      await ledger.appendAuditEntry(whole);
      await ledger.appendAuditEntry(entry('e0'));
      expect(await ledger.auditLog({})).toEqual({ items: [whole, entry('e0')] });
    });

    it('pages through all entries and through those of one run or migration, newest first', async () => {
      const subjects = ['r1', 'm1', undefined];
      const entries = Array.from({ length: 14 }, (_, n) =>
        entry(`e${String(n).padStart(2, '0')}`, {
          at: new Date(AT.getTime() + (n % 5)),
          ...(subjects[n % 3] && { subject: subjects[n % 3] as string }),
        }),
      );
      for (const each of entries) await ledger.appendAuditEntry(each);
      const newestFirst = entries.toSorted(
        (a, b) => b.at.getTime() - a.at.getTime() || (a.entryId < b.entryId ? 1 : -1),
      );
      const read = async (filter: { readonly subject?: string }) => {
        const pages: AuditEntry[][] = [];
        let cursor: string | undefined;
        do {
          const page = await ledger.auditLog({ ...filter, limit: 4, ...(cursor && { cursor }) });
          pages.push([...page.items]);
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        return pages;
      };
      const all = await read({});
      expect(all.map(({ length }) => length)).toEqual([4, 4, 4, 2]);
      expect(all.flat()).toEqual(newestFirst);
      const of = (await read({ subject: 'm1' })).flat();
      expect(of).toEqual(newestFirst.filter(({ subject }) => subject === 'm1'));
      expect(await ledger.auditLog({ subject: 'nobody' })).toEqual({ items: [] });
    });
  });
}
