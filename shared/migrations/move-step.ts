/** Moving: cuts manifest after manifest and follows their runs, until all of the round is settled. */
import { type Counted, countMigration } from './counts.ts';
import { cutNext, openCutRuns } from './cut.ts';
import { writtenOf } from './parts.ts';
import { latestRound, type MigrationRecord } from './record.ts';
import { openRetryRuns } from './retry.ts';
import type { Step, StepOptions } from './step.ts';
import { failedRun, openRuns, stopped, stopReason } from './stops.ts';

/** So many manifests are sent at the same time. */
const OPEN_RUNS = 2;

export const moveStep: Step = async (migration, options) => {
  const counted = await countMigration(migration, options.ledger);
  const stop = failedRun(migration, counted.runs) ?? stopReason(migration, counted);
  if (stop) return stopped(migration, stop);
  await openCutRuns(migration, counted.runs, options);
  await openRetryRuns(migration, counted.runs, options);
  return next(migration, counted, options);
};

async function next(
  migration: MigrationRecord,
  { runs }: Counted,
  options: StepOptions,
): Promise<MigrationRecord | undefined> {
  const open = openRuns(migration, runs);
  const isCut = latestRound(migration).cutLines >= writtenOf(migration);
  if (!isCut && open < OPEN_RUNS) return cutNext(migration, options);
  return isCut && open === 0 ? { ...migration, state: 'auditing' } : undefined;
}
