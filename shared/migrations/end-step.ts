/** Has the runs of a migration stop and go on with it. */
import type { Run } from '../ledger/model.ts';
import { ConflictError, InputError } from '../lib/errors.ts';
import { cancelRun } from '../runs/cancel.ts';
import { pauseRun } from '../runs/pause.ts';
import { resumeRun } from '../runs/resume.ts';
import { retryRun } from '../runs/retry.ts';
import { countMigration } from './counts.ts';
import type { MigrationRecord } from './record.ts';
import type { Step, StepOptions } from './step.ts';

/** Stops the runs of a migration that is paused or cancelled; what providers have goes on. */
export const stopStep: Step = async (migration, options) => {
  const { runs } = await countMigration(migration, options.ledger);
  const open = openOf(migration, runs);
  for (const run of open) await stop(run, migration, options);
  if (migration.state === 'paused' || open.length > 0) return undefined;
  return { ...migration, closedAt: options.now().toISOString() };
};

/** Has runs go on that were paused with their migration. */
export const resumeStep: Step = async (migration, options) => {
  const { runs } = await countMigration(migration, options.ledger);
  for (const run of openOf(migration, runs)) {
    if (run.state === 'paused') await resumeRun(run.runId, options);
    if (run.state === 'paused' && run.operation === 'list-source') {
      await options.startList?.(run.runId);
    }
    if (run.state === 'paused' && run.operation === 'audit-arrival') {
      await options.startAudit?.(run.runId);
    }
  }
  for (const { runId, role } of migration.runs) {
    const isFailed = runs.get(runId)?.state === 'failed';
    if (!isFailed || role === 'list' || role === 'audit') continue;
    // Its list is written anew, and its job created, if that was not done.
    if (runs.get(runId)?.operation === 'cos-batch-job') {
      await options.ledger.reopenRun(runId, 'planning');
    } else await reopen(runId, options);
  }
  const { isResuming: _, ...rest } = migration;
  return rest;
};

/** What ended a run, such as a key that was refused, is fixed; else it ends again. */
async function reopen(runId: string, options: StepOptions): Promise<void> {
  try {
    await retryRun(runId, undefined, options);
  } catch (error) {
    if (!(error instanceof ConflictError || error instanceof InputError)) throw error;
    options.log.error('migration.not-resumed', { runId }, error);
  }
}

const openOf = (migration: MigrationRecord, runs: ReadonlyMap<string, Run>): readonly Run[] =>
  migration.runs.flatMap(({ runId }) => {
    const run = runs.get(runId);
    return run && !run.closedAt ? [run] : [];
  });

async function stop(
  run: Run,
  { state }: MigrationRecord,
  { ledger, log, now }: StepOptions,
): Promise<void> {
  if (run.state === 'cancelled' || run.state === 'failed') return;
  try {
    if (state === 'cancelled') await cancelRun(run, { ledger, log, now });
    else await pauseRun(run.runId, { ledger, log, now });
  } catch (error) {
    // It has ended meanwhile.
    if (!(error instanceof ConflictError)) throw error;
  }
}
