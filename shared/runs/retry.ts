/**
 * Retries failed transfers within their run, for `POST /runs/{runId}/retry`, and reopens a run that
 * was cancelled or failed. Safe to repeat at any point.
 */

import { runLeaseName, withLease } from '../ledger/lease.ts';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Run } from '../ledger/model.ts';
import { shownCounts } from '../ledger/run-numbers.ts';
import { isTaskShard } from '../ledger/shard.ts';
import { type CauseClass, ConflictError } from '../lib/errors.ts';
import { rejectedKeptKey, removeStaged } from '../manifest/staging.ts';
import type { Objects } from '../stores/objects.ts';
import type { QueueSender } from '../stores/queue.ts';
import { applyRetries } from './apply-retries.ts';
import type { PlanLater, Planner } from './plan.ts';
import { replan } from './replan.ts';
import { removeRest } from './rest.ts';
import {
  type RetryRequest,
  readRetryRequests,
  saveRetryRequests,
  withRetryRequest,
} from './retry-requests.ts';
import { isRequested } from './retry-rules.ts';

export interface RetryOptions {
  readonly ledger: Ledger;
  readonly objects: Objects;
  readonly planner: Planner;
  /** For packed and for long manifests, where a request has not the time for them. */
  readonly planLater?: PlanLater | undefined;
  readonly queue: QueueSender;
  readonly now: () => Date;
}

/** How much of its half minute an HTTP request may use; the sweep does the rest. */
const BUDGET_MS = 12_000;

/**
 * @param classes of failures; undefined: every failure, and what was cancelled
 * @returns the number of transfers requeued so far
 * @throws ConflictError (RUN_STATE, NOTHING_TO_RETRY); LeasedError (SHARD_LEASED) while another worker
 *   holds the run; InputError (NOT_FOUND, MANIFEST_CHANGED); StoreError
 */
export async function retryRun(
  runId: string,
  classes: readonly CauseClass[] | undefined,
  options: RetryOptions,
): Promise<number> {
  const { ledger, now } = options;
  return withLease(ledger, runLeaseName(runId), now, async () => {
    const retry = () => retryUnderLease(runId, classes, options);
    // A nightly pass that gathers failures of completed runs must not find this run half reopened.
    const isGathered = (await ledger.run(runId))?.state === 'completed';
    return isGathered ? withLease(ledger, 'nightly', now, retry) : retry();
  });
}

/**
 * What a run sends next besides `ordered` transfers: `pending` are transfers that wait, at most as many
 * while a request is still being applied; `unread` lines were not read yet. @throws StoreError
 */
export async function leftToSend(
  runId: string,
  ordered: number,
  ledger: Pick<Ledger, 'readNote' | 'run' | 'swapNote'>,
): Promise<{ readonly pending: number; readonly unread: number | null }> {
  const run = await ledger.run(runId);
  if (!run) return { pending: 0, unread: 0 };
  const { planned, failed, cancelled, unread } = shownCounts(run);
  const isApplied = (await readRetryRequests(ledger, runId)).length === 0;
  const pending = Math.max(0, planned - ordered) + (isApplied ? 0 : failed + cancelled);
  return { pending, unread };
}

async function retryUnderLease(
  runId: string,
  classes: readonly CauseClass[] | undefined,
  options: RetryOptions,
): Promise<number> {
  const { ledger, now } = options;
  const run = await ledger.run(runId);
  if (!run) return 0;
  const at = now();
  const deadline = new Date(at.getTime() + BUDGET_MS);
  // What ended before is covered, though the clock of whoever closed the run was ahead.
  const requestedAt = Math.max(at.getTime(), run.closedAt?.getTime() ?? 0);
  const request = { at: requestedAt, ...(classes && { classes: [...classes] }) };
  const shards = await Array.fromAsync(ledger.shards(runId));
  // When a run ends, its earlier requests end with it.
  const earlier = isOpen(run) ? await readRetryRequests(ledger, runId) : [];
  await check(run, shards, [...earlier, request], { ...options, deadline });
  await saveRetryRequests(ledger, runId, withRetryRequest(earlier, request));
  await reopen(run, options);
  const current = await ledger.run(runId);
  // If another function plans the run, the sweep applies the request after that.
  if (current?.state !== 'active') return 0;
  return applyRetries(runId, shards, { ...options, deadline });
}

const isOpen = ({ state }: Run): boolean =>
  state === 'planning' || state === 'active' || state === 'paused';

/** @param requests the new one comes last */
async function check(
  run: Run,
  shards: readonly ShardRecord[],
  requests: readonly RetryRequest[],
  { deadline, ledger, now, planner }: RetryOptions & { readonly deadline: Date },
): Promise<void> {
  if (run.handedTo !== undefined) {
    throw new ConflictError(
      'RUN_STATE',
      `A nightly pass continues the failures of this run in run ${run.handedTo}; retry that run.`,
    );
  }
  if (shards.length > 0 && shards.every(({ shard }) => isTaskShard(shard))) {
    throw new ConflictError(
      'RUN_STATE',
      'The transfers of this run are provider tasks: start them again, or leave them to the nightly pass.',
    );
  }
  if (run.state === 'planning') {
    if (requests.length > 1) return;
    throw new ConflictError('RUN_STATE', 'The run is still being planned.');
  }
  if (run.state === 'cancelled' || run.state === 'failed') {
    // A retry of a migration has shards of several manifests, all of them planned.
    if (!run.source && run.migrationId === undefined)
      throw new ConflictError('RUN_STATE', 'The run has no manifest to continue with.');
    return planner.check(run);
  }
  const isInTime = () => now() < deadline;
  if (await hasRequested(run.runId, shards, requests, { ledger, isInTime }))
    return planner.check(run);
  throw new ConflictError(
    'NOTHING_TO_RETRY',
    'No transfer of this run failed in that way; there is nothing to retry.',
  );
}

async function hasRequested(
  runId: string,
  shards: readonly ShardRecord[],
  requests: readonly RetryRequest[],
  { ledger, isInTime }: { readonly ledger: Ledger; readonly isInTime: () => boolean },
): Promise<boolean> {
  for (const { shard, counts } of shards) {
    // Out of time: `applyRetries` finds out.
    if (!isInTime()) return true;
    if (isTaskShard(shard) || counts.failed + counts.cancelled === 0) continue;
    const rows = await ledger.transfersOf(runId, shard.index, ['failed', 'cancelled']);
    if (rows.some((row) => isRequested(requests, row))) return true;
  }
  return false;
}

/** A crash in here leaves the run as it ended, or open with a request, which keeps it from closing. */
async function reopen(run: Run, options: RetryOptions): Promise<void> {
  const { ledger, objects } = options;
  const { runId, source, state } = run;
  // A paused run waits with its requests until it is resumed.
  if (state === 'active' || state === 'paused') return;
  // Its unpacked pieces may have expired.
  const isPacked = source?.key.endsWith('.gz') ?? false;
  const isPlanned = !source || (state === 'completed' && !isPacked);
  if (state !== 'planning') {
    if (state === 'completed') {
      await removeStaged(objects, runId);
      await objects.put(rejectedKeptKey(runId), '');
    }
    if (!(await ledger.reopenRun(runId, isPlanned ? 'active' : 'planning'))) {
      throw new ConflictError('RUN_STATE', 'The run no longer exists or is already running.');
    }
  }
  if (isPlanned && state === 'completed') return;
  await removeRest(runId, options.objects);
  // Thousands of shards may take longer than a request has.
  if (source) await replan(run, options);
}
