/**
 * Requeues transfers of a run: plans the next attempt of those that a rule names, and queues their
 * shards again. The ledger decides on arrival what of a shard is left to do, so queueing it once
 * too often is harmless.
 */

import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { TransferState } from '../ledger/merge.ts';
import type { Transfer } from '../ledger/model.ts';
import { isTaskShard, type Shard } from '../ledger/shard.ts';
import { sideBySide } from '../lib/side-by-side.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { feedAgain } from './feed.ts';
import { isRetryable, mayBeRetryable, retryWaitMs } from './retry-rules.ts';

export interface RequeueOptions {
  readonly ledger: Pick<Ledger, 'record' | 'transfersOf'>;
  readonly objects: Pick<Objects, 'put'>;
  readonly queue: QueueSender;
  readonly now: () => Date;
}

interface RequeueRule {
  /** Transfers in these states are looked at. */
  readonly states: readonly TransferState[];
  /** Gets its next attempt. */
  readonly isDue: (row: Transfer) => boolean;
  /** Has an attempt that waits, or is open, and no worker that will come for it. */
  readonly isForgotten: (row: Transfer) => boolean;
  /** No shard is begun after this instant. */
  readonly deadline?: Date;
}

interface Requeued {
  readonly transfers: number;
  readonly shards: number;
  /** The time was over before all shards were looked at. */
  readonly isCut: boolean;
}

/** Rows written in parallel. */
const AT_ONCE = 100;

/** @throws StoreError */
export async function requeue(
  shards: readonly ShardRecord[],
  { states, isDue, isForgotten, deadline }: RequeueRule,
  options: RequeueOptions,
): Promise<Requeued> {
  const { ledger, now } = options;
  const again: Shard[] = [];
  let transfers = 0;
  let isCut = false;
  const planNextAttempt = ({ attempt, transferId }: Transfer): Promise<void> => {
    const update = { state: 'planned', attempt: attempt + 1, accepted: [], at: now() } as const;
    return ledger.record(transferId, { ...update, event: 'ordered' });
  };
  for (const { shard, counts } of shards) {
    // A task is started again by the nightly pass alone.
    if (isTaskShard(shard)) continue;
    isCut = deadline !== undefined && now() >= deadline;
    if (isCut) break;
    const rows = await ledger.transfersOf(
      shard.runId,
      shard.index,
      // Failed ones alone are found without reading the others.
      states.filter((state) => counts[state] > 0),
    );
    const due = rows.filter(isDue);
    await sideBySide(due, AT_ONCE, planNextAttempt);
    transfers += due.length;
    if (due.length > 0 || rows.some(isForgotten)) again.push(shard);
  }
  await feedAgain(shards[0]?.shard.runId ?? '', again, options);
  return { transfers, shards: again.length, isCut };
}

export interface RequeueFailedOptions extends RequeueOptions {
  readonly lostAfterMs: number;
  readonly settleMs: number;
  readonly maxAttempts: number;
}

/**
 * Requeues failures that pass by themselves, and what was planned or left open in shards that no
 * worker touched for long. `isRetryLeft`: some of them wait for their time, or were requeued.
 */
export async function requeueFailed(
  shards: readonly ShardRecord[],
  options: RequeueFailedOptions,
): Promise<{ readonly queued: number; readonly isRetryLeft: boolean }> {
  const { lostAfterMs, settleMs, maxAttempts, now } = options;
  const at = now().getTime();
  const patienceMs = Math.max(lostAfterMs, settleMs);
  const ended = shards.filter((record) => record.ended);
  const isOpen = ({ counts }: ShardRecord): boolean => counts.planned + counts.submitting > 0;
  // Where one of them is worked on, the others wait for their turn.
  const isQuiet = ended
    .filter(isOpen)
    .every(({ updatedAt }) => at - updatedAt.getTime() >= patienceMs);
  let isRetryLeft = false;
  const ageMs = ({ updatedAt }: Transfer): number => at - updatedAt.getTime();
  const { shards: queued } = await requeue(
    ended.filter((record) => mayBeRetryable(record, maxAttempts) || (isQuiet && isOpen(record))),
    {
      states: ['failed', 'planned', 'submitting'],
      isDue(row) {
        if (!isRetryable(row, maxAttempts)) return false;
        isRetryLeft = true;
        return ageMs(row) >= retryWaitMs(row.attempt);
      },
      isForgotten: (row) => isQuiet && row.state !== 'failed' && ageMs(row) >= patienceMs,
    },
    options,
  );
  return { queued, isRetryLeft };
}
