/** Applies the retry requests of an open run, which a person made. */
import { runLeaseName, tryLease } from '../ledger/lease.ts';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Objects } from '../stores/objects.ts';
import { type RequeueOptions, requeue } from './requeue.ts';
import { removeRest } from './rest.ts';
import { readRetryRequests, saveRetryRequests } from './retry-requests.ts';
import { isRequested, stateSince } from './retry-rules.ts';
import { readSnapshot } from './snapshot.ts';

interface ApplyRetriesOptions extends RequeueOptions {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'put' | 'remove'>;
  /** No shard is begun after it. */
  readonly deadline: Date;
}

/**
 * Applies the retry requests of the run, as far as the time allows; calling it again continues.
 * The caller holds the lease of the run.
 * @returns the number of transfers requeued by this call
 * @throws StoreError
 */
export async function applyRetries(
  runId: string,
  shards: readonly ShardRecord[],
  options: ApplyRetriesOptions,
): Promise<number> {
  const { ledger, deadline } = options;
  const requests = await readRetryRequests(ledger, runId);
  if (requests.length === 0) return 0;
  // The worker that saved the request may have died before this.
  await removeRest(runId, options.objects);
  const requestedAt = Math.min(...requests.map(({ at }) => at));
  const { transfers, isCut } = await requeue(
    shards.filter(({ counts }) => counts.failed + counts.cancelled + counts.planned > 0),
    {
      states: ['failed', 'cancelled', 'planned'],
      isDue: (row) => isRequested(requests, row),
      // Planned by a worker that died before it queued them.
      isForgotten: (row) => row.state === 'planned' && stateSince(row).getTime() >= requestedAt,
      deadline,
    },
    options,
  );
  if (!isCut) await saveRetryRequests(ledger, runId, []);
  return transfers;
}

/** Continues, from the sweep, the requests that an HTTP request left, unless another worker holds the run. */
export async function continueRetries(runId: string, options: ApplyRetriesOptions): Promise<void> {
  const { ledger, now } = options;
  if ((await readRetryRequests(ledger, runId)).length === 0) return;
  await tryLease(ledger, runLeaseName(runId), now, async () => {
    // Shards read before the lease may lack what failed since.
    const current = await readSnapshot(ledger, runId);
    if (current?.run.state === 'active') await applyRetries(runId, current.shards, options);
  });
}
