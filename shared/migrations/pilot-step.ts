/** Pilot: some objects go alone; when most of them fail by one cause, the migration stops. */
import type { Cause, CauseClass } from '../lib/errors.ts';
import { type Counted, countMigration } from './counts.ts';
import { cutPilot, openCutRuns } from './cut.ts';
import { isOmsRoute, type MigrationRecord } from './record.ts';
import { openRetryRuns } from './retry.ts';
import type { Step, StepOptions } from './step.ts';
import { failedRun, openRuns, stopped, stopReason } from './stops.ts';

export const pilotStep: Step = async (migration, options) => {
  if (pilotRuns(migration).length === 0) return cutPilot(migration, options);
  const counted = await countMigration(migration, options.ledger);
  const failed = failedRun(migration, counted.runs);
  if (failed) return stopped(migration, failed);
  await openCutRuns(migration, counted.runs, options);
  await openRetryRuns(migration, counted.runs, options);
  if (openRuns(migration, counted.runs) > 0) return undefined;
  const stop =
    (await findCommonCause(migration, counted, options)) ?? stopReason(migration, counted);
  return stop ? stopped(migration, stop) : { ...migration, state: 'moving' };
};

/** Of this round: its pilot, and the retries of it. */
const pilotRuns = ({ runs, rounds }: MigrationRecord) =>
  runs.filter(
    ({ role, round }) => round === rounds.length - 1 && (role === 'pilot' || role === 'retry'),
  );

/** What to do, by class. */
const ADVICE: Readonly<Partial<Record<CauseClass, string>>> = {
  credentials: 'Fix the key pair or the policy of the bucket',
  source: 'Check that the provider can read the source',
  request: 'Change what the message names',
  quota: "Raise the provider's quota",
};

/** @throws StoreError */
async function findCommonCause(
  migration: MigrationRecord,
  { runs }: Counted,
  { ledger }: StepOptions,
): Promise<Cause | undefined> {
  const last = pilotRuns(migration).at(-1);
  if (!last) return undefined;
  const { items } = await ledger.transfers(last.runId, { states: ['failed'], limit: 1_000 });
  const causes = Map.groupBy(items, ({ cause }) => `${cause?.provider} ${cause?.code}`);
  const [most = []] = [...causes.values()].sort((a, b) => b.length - a.length);
  const cause = most[0]?.cause;
  // A task of OMS stands for all objects that failed in it.
  const count = isOmsRoute(migration.route)
    ? (runs.get(last.runId)?.counts.failed ?? 0)
    : most.length;
  if (!cause || count * 2 <= last.lines) return undefined;
  const todo = ADVICE[cause.class] ?? 'Fix the cause';
  return {
    ...cause,
    provider: 'waybill',
    code: 'PILOT_FAILED',
    message: `${count} of ${last.lines} objects of the pilot failed by ${cause.code}: ${cause.message.replace(/\.?$/, '.')} ${todo}, then resume the migration, which retries the pilot.`,
  };
}
