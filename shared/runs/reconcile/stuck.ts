/** Whether a run is stuck, and how many of its transfers are open, for alarms. */
import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';

export interface StuckOptions {
  readonly ledger: Pick<Ledger, 'transfersOf'>;
  /** A run without any update for so long is stuck. @default 6 hours */
  readonly stuckAfterMs?: number;
  readonly now: () => Date;
}

const SIX_HOURS_MS = 21_600_000;

/** Transfers that are not final. */
export const countOpen = (shards: readonly ShardRecord[]): number =>
  shards.reduce(
    (sum, { counts }) => sum + counts.planned + counts.submitting + counts.submitted,
    0,
  );

/**
 * Whether a run is stuck: no shard and no open transfer was updated, and nobody paused it. Runs share the pace, so
 * shards that nobody has opened excuse none.
 */
export async function isStuck(
  { createdAt, plan, resumedAt = createdAt, state }: Run,
  shards: readonly ShardRecord[],
  { ledger, stuckAfterMs = SIX_HOURS_MS, now }: StuckOptions,
): Promise<boolean> {
  const since = now().getTime() - stuckAfterMs;
  const isRecent = (at: Date): boolean => at.getTime() > since;
  if (!plan || state === 'paused') return false;
  if (isRecent(resumedAt) || shards.some(({ updatedAt }) => isRecent(updatedAt))) return false;
  for (const record of shards) {
    if (countOpen([record]) === 0) continue;
    const { runId, index } = record.shard;
    const rows = await ledger.transfersOf(runId, index, ['planned', 'submitting', 'submitted']);
    if (rows.some(({ updatedAt }) => isRecent(updatedAt))) return false;
  }
  return true;
}
