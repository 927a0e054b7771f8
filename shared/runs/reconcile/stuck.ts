/** How the active runs are, for alarms: how many there are, what is open in them, which stand still. */
import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';

export interface Vitals {
  runs: number;
  stuck: number;
  /** Transfers that are not final. */
  open: number;
}

export interface VitalsOptions {
  readonly ledger: Pick<Ledger, 'transfersOf'>;
  /** A run in which nothing was heard of for so long stands still. @default 6 hours */
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
 * Whether nothing in an active run moves: no shard is worked on, and no open transfer was heard of.
 * Shards that wait in the queue are no standstill; how long they wait, the queue tells.
 */
export async function isStuck(
  { createdAt, plan }: Run,
  shards: readonly ShardRecord[],
  { ledger, stuckAfterMs = SIX_HOURS_MS, now }: VitalsOptions,
): Promise<boolean> {
  const since = now().getTime() - stuckAfterMs;
  const isRecent = (at: Date): boolean => at.getTime() > since;
  if (!plan || shards.length < plan.shardCount) return false;
  if (isRecent(createdAt) || shards.some(({ updatedAt }) => isRecent(updatedAt))) return false;
  for (const record of shards) {
    if (countOpen([record]) === 0) continue;
    const { runId, index } = record.shard;
    const rows = await ledger.transfersOf(runId, index, ['planned', 'submitting', 'submitted']);
    if (rows.some(({ updatedAt }) => isRecent(updatedAt))) return false;
  }
  return true;
}
