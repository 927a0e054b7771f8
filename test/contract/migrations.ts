/** What every ledger adapter must do for migrations, a part of `ledger.ts`. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../shared/ledger/ledger.ts';
import type { NewMigration } from '../../shared/ledger/migration.ts';
import type { NewRun } from '../../shared/ledger/model.ts';

const AT = new Date('2026-11-20T02:00:00.000Z');
const later = (ms: number) => new Date(AT.getTime() + ms);

const migration = (migrationId: string, change: Partial<NewMigration> = {}): NewMigration => ({
  migrationId,
  createdAt: AT,
  state: 'listing',
  document: '{"name":"北京"}',
  ...change,
});

const newRun = (runId: string, change: Partial<NewRun> = {}): NewRun => ({
  runId,
  trigger: 'upload',
  operation: 'cos-offline-fetch',
  createdAt: AT,
  ...change,
});

export function migrationsContract(open: () => Promise<Ledger>): void {
  describe('migrations', () => {
    let ledger: Ledger;
    beforeEach(async () => {
      ledger = await open();
    });
    const ids = async (filter: Parameters<Ledger['migrations']>[0]) =>
      (await ledger.migrations(filter)).items.map(({ migrationId }) => migrationId);

    it('G2: opens a migration once and answers the first one afterwards', async () => {
      const first = await ledger.openMigration(migration('m1'));
      const again = await ledger.openMigration(
        migration('m1', { document: '{}', state: 'moving' }),
      );
      expect(first).toEqual({ ...migration('m1'), version: first.version });
      expect(again).toEqual(first);
      expect(await ledger.migration('m1')).toEqual(first);
      expect(await ledger.migration('m2')).toBeUndefined();
    });

    it('changes a migration for the one of two writers that knew it as it was', async () => {
      const kept = await ledger.openMigration(migration('m1'));
      const changed = { ...kept, state: 'completed', closedAt: later(9), document: '{}' } as const;
      expect(await ledger.changeMigration(changed)).toBe(true);
      expect(await ledger.changeMigration({ ...changed, state: 'failed' })).toBe(false);
      const now = await ledger.migration('m1');
      expect(now).toEqual({ ...changed, version: now?.version });
      const { closedAt: _, ...reopened } = { ...changed, version: now?.version ?? 0 };
      expect(await ledger.changeMigration({ ...reopened, state: 'moving' })).toBe(true);
      expect(await ledger.migration('m1')).not.toHaveProperty('closedAt');
    });

    it('lists migrations, newest first, by state and by whether they are closed', async () => {
      for (let n = 0; n < 5; n += 1) {
        await ledger.openMigration(migration(`m${n}`, { createdAt: later(n % 4) }));
      }
      const closed = await ledger.migration('m3');
      if (!closed) throw new Error('m3 is gone');
      await ledger.changeMigration({ ...closed, state: 'cancelled', closedAt: later(9) });
      expect(await ids({})).toEqual(['m3', 'm2', 'm1', 'm4', 'm0']);
      expect(await ids({ unclosed: true })).toEqual(['m2', 'm1', 'm4', 'm0']);
      expect(await ids({ states: ['cancelled', 'moving'] })).toEqual(['m3']);
      const first = await ledger.migrations({ limit: 4 });
      expect(first.items).toHaveLength(4);
      expect(await ids({ cursor: first.nextCursor ?? '' })).toEqual(['m0']);
      expect((await ledger.migrations({ limit: 5 })).nextCursor).toBeUndefined();
    });

    it('tells runs of migrations apart', async () => {
      await ledger.openRun(newRun('r1'));
      await ledger.openRun(newRun('r2', { migrationId: 'm1', trigger: 'migration' }));
      await ledger.openRun(newRun('r3', { migrationId: 'm2', trigger: 'migration' }));
      const found = async (migrationId?: string | null) => {
        const filter = migrationId === undefined ? {} : { migrationId };
        return (await ledger.runs(filter)).items.map(({ runId }) => runId).sort();
      };
      expect(await found()).toEqual(['r1', 'r2', 'r3']);
      expect(await found(null)).toEqual(['r1']);
      expect(await found('m1')).toEqual(['r2']);
      expect(await ledger.run('r2')).toMatchObject({ migrationId: 'm1', trigger: 'migration' });
      const open = await ledger.runs({ unclosed: true, states: ['planning'], migrationId: 'm2' });
      expect(open.items).toMatchObject([{ runId: 'r3' }]);
    });
  });
}
