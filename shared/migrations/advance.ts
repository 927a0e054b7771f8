/**
 * Advances migrations: takes one step after the other until a migration waits for something, one worker
 * at a time. A step is done before the record says so, so that it is repeated after a crash.
 */
import { everyItem } from '../ledger/cursors.ts';
import { tryLease } from '../ledger/lease.ts';
import type { MigrationState } from '../ledger/migration.ts';
import { announce } from './announce.ts';
import { auditStep } from './audit-step.ts';
import { resumeStep, stopStep } from './end-step.ts';
import { listStep } from './list-step.ts';
import { moveStep } from './move-step.ts';
import { pilotStep } from './pilot-step.ts';
import { planStep } from './plan-step.ts';
import { type MigrationRecord, readMigration, toKept } from './record.ts';
import { keepReports } from './reports.ts';
import { resendStep } from './resend-step.ts';
import { orderRetry } from './retry.ts';
import type { Step, StepOptions } from './step.ts';

interface AdvanceOptions extends StepOptions {
  /** A call begins no step after it. */
  readonly deadline: Date;
}

const STEPS: Readonly<Record<MigrationState, Step | undefined>> = {
  listing: listStep,
  planned: planStep,
  pilot: pilotStep,
  moving: moveStep,
  auditing: auditStep,
  paused: stopStep,
  cancelled: stopStep,
  completed: undefined,
  failed: undefined,
};

/** Nothing is done while another worker advances it. @returns `late` when the time ended before @throws StoreError */
export async function advance(
  migrationId: string,
  options: AdvanceOptions,
): Promise<'waits' | 'held' | 'late'> {
  const { deadline, ledger, now } = options;
  const outcome = await tryLease(ledger, `migration ${migrationId}`, now, async () => {
    while (now() < deadline) {
      const migration = await readMigration(ledger, migrationId);
      if (!migration || !(await takeStep(migration, options))) return 'waits';
    }
    return 'late';
  });
  return outcome ?? 'held';
}

/** @returns whether another step may follow */
async function takeStep(migration: MigrationRecord, options: StepOptions): Promise<boolean> {
  const { ledger, log } = options;
  const { migrationId, state } = migration;
  const next = await stepOf(migration)?.(migration, options);
  if (!next) return false;
  if (next.closedAt !== null && migration.closedAt === null) await keepReports(next, options);
  if (next.state !== state) await announce(next, options);
  // Somebody who steers it was faster: the step is repeated, or another one taken.
  if (!(await ledger.changeMigration(toKept(next)))) return true;
  if (next.state !== state) {
    const { error } = next;
    log.info('migration.state', { migrationId, state: next.state, ...(error && { ...error }) });
  }
  return true;
}

/** What somebody asked for comes first. */
function stepOf({ state, isResuming, resend, retry }: MigrationRecord): Step | undefined {
  if (STOPPED.has(state)) return STEPS[state];
  if (isResuming) return resumeStep;
  if (resend !== undefined) return resendStep;
  return retry ? retryStep : STEPS[state];
}

const STOPPED: ReadonlySet<MigrationState> = new Set(['paused', 'cancelled', 'failed']);

const retryStep: Step = (migration, options) =>
  orderRetry(migration, migration.retry ?? {}, options);

/** Every migration that is not closed. One that fails does not stop the others. */
export async function advanceAll(options: AdvanceOptions): Promise<readonly string[]> {
  const { deadline, ledger, log, now } = options;
  const ids: string[] = [];
  const found = everyItem((part) => ledger.migrations({ unclosed: true, ...part }));
  for await (const { migrationId } of found) {
    if (now() >= deadline) return ids;
    ids.push(migrationId);
    await advance(migrationId, options).catch((error: unknown) => {
      log.error('migration.failed', { migrationId }, error);
    });
  }
  return ids;
}
