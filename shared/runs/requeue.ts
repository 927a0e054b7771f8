/**
 * Requeues the shards of a run whose transfers are due for another attempt, or were left open by a
 * worker that died.
 */
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Transfer } from '../ledger/model.ts';
import type { Shard } from '../ledger/shard.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { feedAgain } from './feed.ts';
import { isTaskShard } from './task-runs.ts';

export interface RequeueOptions {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'put'>;
  readonly queue: QueueSender;
  readonly lostAfterMs: number;
  readonly settleMs: number;
  readonly maxAttempts: number;
  readonly now: () => Date;
}

/** Wait before the second attempt, in milliseconds; doubles with each further one. */
const FIRST_WAIT_MS = 15_000;

/** Rows written in parallel. */
const AT_ONCE = 100;

/** Whether a failure passes by itself, so that the run tries again before it closes. */
export const isRetryable = (
  { state, attempt, cause }: Pick<Transfer, 'state' | 'attempt' | 'cause'>,
  maxAttempts: number,
): boolean =>
  state === 'failed' &&
  attempt < maxAttempts &&
  (cause?.class === 'transient' || cause?.class === 'throttled');

/**
 * Marks failures that may pass as `planned` under the next attempt, and queues their shards again;
 * likewise shards whose open intents or planned retries no worker touched for `lostAfterMs`. The ledger
 * decides on arrival what of such a shard is left to do, so queueing it once too often is harmless.
 * @returns how many shards were queued
 */
export async function requeue(
  shards: readonly ShardRecord[],
  { ledger, objects, queue, lostAfterMs, settleMs, maxAttempts, now }: RequeueOptions,
): Promise<number> {
  const again: Shard[] = [];
  const patienceMs = Math.max(lostAfterMs, settleMs);
  // Where one of them is worked on, the others wait for their turn.
  const left = shards.filter(
    ({ counts, ended }) => ended && counts.planned + counts.submitting > 0,
  );
  const heardAt = Math.max(...left.map(({ updatedAt }) => updatedAt.getTime()));
  const isForgotten = now().getTime() - heardAt >= patienceMs;
  for (const { shard, counts, ended } of shards) {
    // A task is started again by the nightly pass alone.
    if (isTaskShard(shard)) continue;
    if (!ended || counts.failed + counts.planned + counts.submitting === 0) continue;
    const rows = await ledger.transfersOf(shard.runId, shard.index, [
      'failed',
      'planned',
      'submitting',
    ]);
    const at = now();
    const age = ({ updatedAt }: Transfer) => at.getTime() - updatedAt.getTime();
    let isDue = isForgotten && rows.some((row) => row.state !== 'failed' && age(row) >= patienceMs);
    const due = rows.filter(
      (row) => isRetryable(row, maxAttempts) && age(row) >= FIRST_WAIT_MS * 2 ** (row.attempt - 1),
    );
    isDue ||= due.length > 0;
    const planNextAttempt = ({ attempt, transferId }: Transfer): Promise<void> => {
      const update = { state: 'planned', attempt: attempt + 1, accepted: [], at } as const;
      return ledger.record(transferId, { ...update, event: 'ordered' });
    };
    for (let from = 0; from < due.length; from += AT_ONCE) {
      await Promise.all(due.slice(from, from + AT_ONCE).map(planNextAttempt));
    }
    if (isDue) again.push(shard);
  }
  await feedAgain(shards[0]?.shard.runId ?? '', again, { objects, queue, now });
  return again.length;
}
