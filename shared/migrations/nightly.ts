/** The nightly pass of migrations: each sends its failures that a night may help again, in a run of its own. */
import { everyItem } from '../ledger/cursors.ts';
import { countMigration } from './counts.ts';
import { changeMigration, type MigrationRecord, toRecord } from './record.ts';
import { hasAsked } from './retry.ts';
import { withRetry } from './steer.ts';
import type { StepOptions } from './step.ts';

interface NightOptions extends Pick<StepOptions, 'ledger' | 'objects' | 'log' | 'now'> {
  readonly maxNights: number;
  readonly advanceLater?: ((migrationId: string) => Promise<void>) | undefined;
}

/** Failures of migrations that ended before are left to a person. */
const MAX_AGE_MS = 30 * 86_400_000;

/** Orders the retries; whoever advances them begins. @throws StoreError */
export async function retryMigrations(options: NightOptions): Promise<readonly string[]> {
  const { advanceLater, ledger, log, maxNights, now } = options;
  const ordered: string[] = [];
  const found = everyItem((part) =>
    ledger.migrations({ states: ['moving', 'completed'], ...part }),
  );
  for await (const kept of found) {
    const age = now().getTime() - (kept.closedAt ?? now()).getTime();
    const { migrationId } = kept;
    if (age > MAX_AGE_MS || !(await isWorthNight(toRecord(kept), options))) continue;
    await changeMigration(ledger, migrationId, (migration) =>
      migration.state === 'moving' || migration.state === 'completed'
        ? withRetry(migration, { maxNights })
        : migration,
    );
    ordered.push(migrationId);
    log.info('migration.night', { migrationId });
    await advanceLater?.(migrationId);
  }
  return ordered;
}

async function isWorthNight(migration: MigrationRecord, options: NightOptions): Promise<boolean> {
  const counted = await countMigration(migration, options.ledger);
  if (counted.counts.failed === 0) return false;
  return hasAsked(migration, counted, { maxNights: options.maxNights }, options);
}
