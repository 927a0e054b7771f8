/** Opens a migration: its record, with the first list to come. */
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../lib/log.ts';
import { stepRunId } from './ids.ts';
import { type MigrationOrder, type MigrationRecord, toKept, toRecord } from './record.ts';

/** The same id finds the same migration. @throws StoreError */
export async function openMigration(
  migrationId: string,
  { name, ...order }: MigrationOrder & { readonly name?: string },
  { ledger, log, now }: { readonly ledger: Ledger; readonly log: Log; readonly now: () => Date },
): Promise<MigrationRecord> {
  const createdAt = now();
  const opened: MigrationRecord = {
    migrationId,
    createdAt,
    version: 0,
    name: name ?? order.source ?? order.list?.key ?? migrationId,
    state: 'listing',
    closedAt: null,
    order,
    rounds: [
      {
        kind: 'first',
        startedAt: createdAt.toISOString(),
        listRunId: stepRunId(migrationId, 0, 'list'),
        cutParts: 0,
        cutLines: 0,
      },
    ],
    runs: [],
  };
  const { version: _, ...kept } = toKept(opened);
  const found = await ledger.openMigration(kept);
  log.info('migration.opened', { migrationId, target: order.target });
  return toRecord(found);
}
