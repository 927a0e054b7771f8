/** What every ledger adapter must do where nothing expires by itself, a part of `ledger.ts`. */
import { expect, it } from 'vitest';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import { newRun, newShard } from './ledger.ts';

const OLD = new Date('2026-01-01T00:00:00.000Z');
const BEFORE = new Date('2026-06-01T00:00:00.000Z');
const NEW = new Date('2026-11-20T00:00:00.000Z');

export function retentionContract(name: string, open: () => Promise<Ledger>): void {
  it(`${name} removes what ended before an instant, and leaves what is open whole`, async () => {
    const ledger = await open();
    const work = async (runId: string, migrationId?: string): Promise<void> => {
      await ledger.openRun({
        ...newRun(runId, migrationId ? { migrationId } : {}),
        createdAt: OLD,
      });
      await ledger.activateRun(runId, { shardCount: 1, sizeBytes: 100 });
      await ledger.openShard(newShard(runId), { owner: 'w', at: OLD, leaseMs: 1_000 });
      await ledger.accept(
        newShard(runId),
        [1, 2].map((line) => ({ line, id: 't', at: OLD })),
      );
      const failed = { state: 'failed', attempt: 1, accepted: [], at: OLD, event: 'poll' } as const;
      await ledger.record(`${runId}.0.3`, failed);
      await ledger.swapNote(`retry ${runId}`, '{}', undefined);
      await ledger.claim(`key of ${runId}`, { runId, requestHash: 'h' }, OLD);
      const entry = { request: 'POST /fetches', subject: runId };
      await ledger.appendAuditEntry({ ...entry, entryId: runId, at: OLD });
    };
    const migration = { createdAt: OLD, state: 'completed', document: '{}' } as const;
    await ledger.openMigration({ ...migration, migrationId: 'm-ended', closedAt: OLD });
    await ledger.openMigration({ ...migration, migrationId: 'm-open' });
    await work('ended');
    await work('of-ended', 'm-ended');
    await work('of-open', 'm-open');
    await work('lately');
    await work('open');
    await work('paused');
    for (const runId of ['ended', 'of-ended', 'of-open']) await ledger.closeRun(runId, OLD);
    await ledger.closeRun('lately', NEW);
    await ledger.stopRun('paused', { state: 'paused', at: OLD });
    await ledger.appendAuditEntry({ entryId: 'new', at: NEW, request: 'PUT /pace' });
    const linesOf = async (runId: string) => (await ledger.transfers(runId)).items.length;

    expect(await ledger.removeEnded?.(BEFORE)).toBe(2);
    expect(await ledger.removeEnded?.(BEFORE)).toBe(0);
    for (const runId of ['ended', 'of-ended']) {
      expect(await ledger.run(runId)).toBeUndefined();
      expect(await linesOf(runId)).toBe(0);
      expect(await ledger.readNote(`retry ${runId}`)).toBeUndefined();
    }
    expect(await ledger.migration('m-ended')).toBeUndefined();
    expect(await ledger.migration('m-open')).toBeDefined();
    for (const runId of ['of-open', 'lately', 'open', 'paused']) {
      expect(await ledger.run(runId)).toMatchObject({ counts: { submitted: 2, failed: 1 } });
      expect(await linesOf(runId)).toBe(3);
      expect(await ledger.readNote(`retry ${runId}`)).toMatchObject({ text: '{}' });
    }
    const { items } = await ledger.auditLog({});
    expect(items.map(({ entryId }) => entryId)).toEqual(['new']);
    const claim = { runId: 'other', requestHash: 'h2' };
    expect(await ledger.claim('key of ended', claim, NEW)).toEqual(claim);
    expect(await ledger.claim('key of open', claim, NEW)).toMatchObject({ runId: 'open' });

    // The same manifest again: a new run, with nothing of the old one.
    await ledger.openRun(newRun('ended'));
    expect(await linesOf('ended')).toBe(0);
    await ledger.accept(newShard('ended'), [{ line: 9, id: 't', at: NEW }]);
    await ledger.removeEnded?.(BEFORE);
    expect((await ledger.transfers('ended')).items).toMatchObject([{ line: 9 }]);
  });
}
