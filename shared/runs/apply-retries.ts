/**
 * Applies the retry requests of an open run: plans the next attempt of each transfer they name and
 * queues its shard again.
 */
import { runLeaseName, tryLease } from '../ledger/lease.ts';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Transfer } from '../ledger/model.ts';
import type { Shard } from '../ledger/shard.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { feedAgain } from './feed.ts';
import { removeEnd } from './rest.ts';
import { type RetryRequest, readRetryRequests, saveRetryRequests } from './retry-requests.ts';
import { isTaskShard } from './task-runs.ts';

export interface ApplyRetriesOptions {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'list' | 'put' | 'remove'>;
  readonly queue: QueueSender;
  /** No shard is begun after it. */
  readonly deadline: Date;
  readonly now: () => Date;
}

type Ended = Pick<Transfer, 'attempt' | 'cause' | 'history' | 'state' | 'updatedAt'>;

/** Whether one of the requests covers this transfer. A request does not cover what ended after it was made. */
export const isRequested = (requests: readonly RetryRequest[], row: Ended): boolean => {
  const { cause, state } = row;
  if (state !== 'failed' && state !== 'cancelled') return false;
  const since = stateSince(row).getTime();
  return requests.some(({ at, classes }) => {
    if (since > at) return false;
    if (classes === undefined) return true;
    return state === 'failed' && cause !== undefined && classes.includes(cause.class);
  });
};

/** When the transfer reached its state; a later repetition, such as a second callback, does not count. */
const stateSince = ({ attempt, history, state, updatedAt }: Omit<Ended, 'cause'>): Date =>
  history.find((entry) => entry.attempt === attempt && entry.state === state)?.at ?? updatedAt;

/** Rows written in parallel. */
const AT_ONCE = 100;

/**
 * Applies the retry requests of the run, as far as the time allows; calling it again continues.
 * The caller holds the lease of the run.
 * @returns the number of transfers requeued by this call, and whether all requests are applied
 * @throws StoreError
 */
export async function applyRetries(
  runId: string,
  shards: readonly ShardRecord[],
  options: ApplyRetriesOptions,
): Promise<{ readonly requeued: number; readonly done: boolean }> {
  const { ledger, deadline, now } = options;
  const requests = await readRetryRequests(ledger, runId);
  if (requests.length === 0) return { requeued: 0, done: true };
  // The worker that saved the request may have died before this.
  await removeEnd(runId, options.objects);
  const requestedAt = Math.min(...requests.map(({ at }) => at));
  const again: Shard[] = [];
  let requeued = 0;
  let done = true;
  for (const { shard, counts } of shards) {
    if (isTaskShard(shard) || counts.failed + counts.cancelled + counts.planned === 0) continue;
    if (now() >= deadline) {
      done = false;
      break;
    }
    const rows = await ledger.transfersOf(runId, shard.index, ['failed', 'cancelled', 'planned']);
    const requested = rows.filter((row) => isRequested(requests, row));
    for (let at = 0; at < requested.length; at += AT_ONCE) {
      await Promise.all(
        requested.slice(at, at + AT_ONCE).map((row) => planNextAttempt(row, ledger, now())),
      );
    }
    requeued += requested.length;
    // Planned by a worker that died before it queued them.
    const hasUnqueued = rows.some(
      (row) => row.state === 'planned' && stateSince(row).getTime() >= requestedAt,
    );
    if (requested.length > 0 || hasUnqueued) again.push(shard);
  }
  await feedAgain(runId, again, options);
  if (done) await saveRetryRequests(ledger, runId, []);
  return { requeued, done };
}

/** Continues, from the sweep, the requests that an HTTP request left, unless another worker holds the run. */
export async function continueRetries(runId: string, options: ApplyRetriesOptions): Promise<void> {
  const { ledger, now } = options;
  if ((await readRetryRequests(ledger, runId)).length === 0) return;
  await tryLease(ledger, runLeaseName(runId), now, async () => {
    if ((await ledger.run(runId))?.state !== 'active') return;
    // Shards read before the lease may lack what failed since.
    await applyRetries(runId, await ledger.shards(runId), options);
  });
}

const planNextAttempt = (
  { attempt, transferId }: Transfer,
  ledger: Ledger,
  at: Date,
): Promise<void> =>
  ledger.record(transferId, {
    state: 'planned',
    attempt: attempt + 1,
    accepted: [],
    at,
    event: 'ordered',
  });
