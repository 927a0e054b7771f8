/** Whether a migration goes on: its open runs, too many failures, a run that could not be carried out. */
import type { Run } from '../ledger/model.ts';
import type { Cause } from '../lib/errors.ts';
import type { Counted } from './counts.ts';
import type { MigrationRecord, RunRole } from './record.ts';

const sends = (role: RunRole): boolean => role !== 'list' && role !== 'audit';

/** Fewer say nothing. */
const MIN_SETTLED = 20;

/** Of what was settled since somebody resumed it last. */
export function stopReason(migration: MigrationRecord, { counts }: Counted): Cause | undefined {
  const { order, resumedAt } = migration;
  const failed = counts.failed - (resumedAt?.failed ?? 0);
  const settled = failed + counts.succeeded - (resumedAt?.succeeded ?? 0);
  if (settled < MIN_SETTLED || failed * 100 <= settled * order.stopAbove) return undefined;
  const percent = Math.floor((failed * 100) / settled);
  return {
    provider: 'waybill',
    code: 'STOPPED_ABOVE',
    class: 'state',
    message: `${failed} of ${settled} objects failed (${percent} %), more than stopAbove allows (${order.stopAbove} %). Look at the failures, fix their cause, then resume the migration; what failed is retried on request or at night.`,
  };
}

/** A run that ended as a whole, before its objects were sent. */
export function failedRun(
  migration: MigrationRecord,
  runs: ReadonlyMap<string, Run>,
): Cause | undefined {
  const found = migration.runs.find(
    ({ runId, role }) => sends(role) && runs.get(runId)?.state === 'failed',
  );
  return found && runs.get(found.runId)?.error;
}

export const stopped = (migration: MigrationRecord, error: Cause): MigrationRecord => ({
  ...migration,
  state: 'paused',
  resumeTo: migration.state,
  error,
});

/** Of those that send objects; one that is not there yet is opened soon. */
export const openRuns = (
  migration: Pick<MigrationRecord, 'runs'>,
  runs: ReadonlyMap<string, Run>,
): number =>
  migration.runs.filter(({ runId, role }) => sends(role) && !runs.get(runId)?.closedAt).length;
