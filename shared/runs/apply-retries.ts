/** Orders transfers of an open run once more, as somebody requested, shard by shard. */

import { runLeaseName, withLease } from '../ledger/lease.ts';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Transfer } from '../ledger/model.ts';
import { LeasedError } from '../lib/errors.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { forgetEnd } from './closing-time.ts';
import { shardMessage } from './requeue.ts';
import { type RetryRequest, readRetryRequests, saveRetryRequests } from './retry-requests.ts';
import { isTaskShard } from './task-runs.ts';

export interface ApplyRetriesOptions {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'head' | 'list' | 'remove'>;
  readonly queue: QueueSender;
  /** No shard is begun after it. */
  readonly deadline: Date;
  readonly now: () => Date;
}

type Ended = Pick<Transfer, 'attempt' | 'cause' | 'history' | 'state' | 'updatedAt'>;

/** Whether one of them means this transfer: what ended after it was made, it does not know of. */
export const isRequested = (requests: readonly RetryRequest[], row: Ended): boolean => {
  const { cause, state } = row;
  if (state !== 'failed' && state !== 'cancelled') return false;
  const since = learntAt(row).getTime();
  return requests.some(({ at, classes }) => {
    if (since > at) return false;
    if (classes === undefined) return true;
    return state === 'failed' && cause !== undefined && classes.includes(cause.class);
  });
};

/** When it came to its state; what is told again later, such as by a second callback, is no news. */
const learntAt = ({ attempt, history, state, updatedAt }: Omit<Ended, 'cause'>): Date =>
  history.find((entry) => entry.attempt === attempt && entry.state === state)?.at ?? updatedAt;

/** Rows written side by side. */
const AT_ONCE = 100;

/**
 * Fulfils what is requested of the run, or as much as the time allows; repeating it goes on.
 * Under the lease of the run.
 * @returns transfers ordered by this call, and whether nothing is left to request for
 * @throws StoreError
 */
export async function applyRetries(
  runId: string,
  shards: readonly ShardRecord[],
  options: ApplyRetriesOptions,
): Promise<{ readonly ordered: number; readonly done: boolean }> {
  const { ledger, objects, queue, deadline, now } = options;
  const requests = await readRetryRequests(ledger, runId);
  if (requests.length === 0) return { ordered: 0, done: true };
  // Whoever made the request may have died before.
  await forgetEnd(runId, options);
  const requestedAt = Math.min(...requests.map(({ at }) => at));
  let ordered = 0;
  for (const { shard, counts } of shards) {
    if (isTaskShard(shard) || counts.failed + counts.cancelled + counts.planned === 0) continue;
    if (now() >= deadline) return { ordered, done: false };
    const rows = await ledger.transfersOf(runId, shard.index, ['failed', 'cancelled', 'planned']);
    const requested = rows.filter((row) => isRequested(requests, row));
    for (let at = 0; at < requested.length; at += AT_ONCE) {
      await Promise.all(requested.slice(at, at + AT_ONCE).map((row) => order(row, ledger, now())));
    }
    ordered += requested.length;
    // Ordered by one that died before it queued them.
    const isLeft = rows.some(
      (row) => row.state === 'planned' && learntAt(row).getTime() >= requestedAt,
    );
    if (requested.length > 0 || isLeft)
      await queue.send([await shardMessage(shard, objects)], { group: runId });
  }
  await saveRetryRequests(ledger, runId, []);
  return { ordered, done: true };
}

/** The sweeper's part: goes on with what a request left, unless somebody is at it. */
export async function continueRetries(runId: string, options: ApplyRetriesOptions): Promise<void> {
  const { ledger, now } = options;
  if ((await readRetryRequests(ledger, runId)).length === 0) return;
  try {
    await withLease(ledger, runLeaseName(runId), now, async () => {
      if ((await ledger.run(runId))?.state !== 'active') return;
      // Those of before the lease may lack what failed since.
      await applyRetries(runId, await ledger.shards(runId), options);
    });
  } catch (error) {
    if (!(error instanceof LeasedError)) throw error;
  }
}

const order = ({ attempt, transferId }: Transfer, ledger: Ledger, at: Date): Promise<void> =>
  ledger.record(transferId, {
    state: 'planned',
    attempt: attempt + 1,
    accepted: [],
    at,
    event: 'ordered',
  });
