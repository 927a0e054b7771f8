/**
 * Begins the catch-ups that are due by the schedules of completed migrations: five fields, in the time
 * zone of the process.
 */
import { Cron } from 'croner';
import { everyItem } from '../ledger/cursors.ts';
import { ConflictError } from '../lib/errors.ts';
import { latestRound, toRecord } from './record.ts';
import { catchUp, type SteerOptions } from './steer.ts';

/** @throws StoreError */
export async function beginDue(options: SteerOptions): Promise<void> {
  const { ledger, now } = options;
  const found = everyItem((part) => ledger.migrations({ states: ['completed'], ...part }));
  for await (const kept of found) {
    const migration = toRecord(kept);
    const { schedule } = migration.order;
    if (schedule === undefined) continue;
    const before = new Date(latestRound(migration).startedAt);
    const due = new Cron(schedule, { paused: true }).nextRun(before);
    if (due && due <= now()) await begin(migration.migrationId, options);
  }
}

async function begin(migrationId: string, options: SteerOptions): Promise<void> {
  try {
    await catchUp(migrationId, options);
  } catch (error) {
    // Somebody was faster.
    if (!(error instanceof ConflictError)) throw error;
  }
}
