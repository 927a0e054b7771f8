/**
 * Cancels the transfers of a stopped run that were planned and never sent. The sweep calls this
 * once no worker holds a shard of the run.
 */

import type { Resolve } from '../ledger/intent.ts';
import { runLeaseName, tryLease } from '../ledger/lease.ts';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import {
  isStopped,
  type Run,
  type Transfer,
  type TransferTask,
  type TransferUpdate,
} from '../ledger/model.ts';
import { StoreError, WaybillError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { sideBySide } from '../lib/side-by-side.ts';
import { readSnapshot } from './snapshot.ts';

export interface CancelUnsentOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  /** They resolve a start that was not answered. */
  readonly pollers: { readonly [Kind in TransferTask['kind']]?: unknown };
  /** Undefined while the provider is not configured. */
  readonly hasArrived?: Resolve | undefined;
  readonly settleMs: number;
  /** No shard is started after this instant. */
  readonly deadline: Date;
  readonly now: () => Date;
}

/** No request takes longer. */
const REQUEST_MS = 60_000;

/** After so long without an answer, the transfer is cancelled. */
const GIVE_UP_AFTER_MS = 3_600_000;

/** Whether every request that was in flight when the run was stopped must have ended by now. */
export const hasSettled = (
  { stoppedAt }: Run,
  { settleMs, now }: Pick<CancelUnsentOptions, 'settleMs' | 'now'>,
): boolean =>
  stoppedAt === undefined ||
  now().getTime() - stoppedAt.getTime() >= Math.max(settleMs, REQUEST_MS);

/** Rows written in parallel. */
const ROWS_AT_ONCE = 100;

/** Whether a worker still holds a shard of the stopped run: it finishes what it began to send. */
export const isWorkedOn = (shards: readonly ShardRecord[], at: Date): boolean =>
  shards.some(({ leasedUntil }) => leasedUntil !== undefined && leasedUntil > at);

/** The tasks of a nightly pass are started under the lease of nightly passes. */
const leasesOf = ({ operation, runId }: Run): readonly string[] =>
  operation === 'retry-failed-objects' ? ['nightly', runLeaseName(runId)] : [runLeaseName(runId)];

/** Does nothing while another worker holds the run, or before it has settled. @throws StoreError */
export async function cancelUnsent(run: Run, options: CancelUnsentOptions): Promise<void> {
  const { ledger, now } = options;
  const cancelSettled = async (): Promise<void> => {
    // The run may have been reopened since it was read.
    const current = await readSnapshot(ledger, run.runId);
    if (!current || !isStopped(current.run) || current.run.closedAt) return;
    if (!hasSettled(current.run, options) || isWorkedOn(current.shards, now())) return;
    for (const record of current.shards) {
      if (now() >= options.deadline) return;
      await cancelShard(record, current.run, options);
    }
  };
  const underLeases = leasesOf(run).reduceRight<() => Promise<void>>(
    (work, name) => () => tryLease(ledger, name, now, work),
    cancelSettled,
  );
  await underLeases();
}

async function cancelShard(
  { shard, counts }: ShardRecord,
  run: Run,
  options: CancelUnsentOptions,
): Promise<void> {
  if (counts.planned + counts.submitting === 0) return;
  const { ledger, pollers } = options;
  const { runId, index, target } = shard;
  const rows = await ledger.transfersOf(runId, index, ['planned', 'submitting']);
  await sideBySide(rows, ROWS_AT_ONCE, end);

  async function end(row: Transfer): Promise<void> {
    if (row.state === 'submitting' && row.task && pollers[row.task.kind]) return;
    const update =
      row.state === 'planned'
        ? cancelledUpdate(row, options)
        : await resolveSubmitting(row, options);
    if (update) await ledger.record(row.transferId, update);
  }

  /** Resolves a transfer that was being sent, as in an active run. */
  async function resolveSubmitting(
    row: Transfer,
    { hasArrived, log, now, settleMs }: CancelUnsentOptions,
  ) {
    if (!row.object || !hasArrived) return cancelledUpdate(row, options);
    if (now().getTime() - row.updatedAt.getTime() < settleMs) return undefined;
    const begun = row.history.find(({ attempt }) => attempt === row.attempt)?.at ?? row.updatedAt;
    try {
      const arrived = await hasArrived(
        { ...row.object, target },
        new Date(begun.getTime() - REQUEST_MS),
      );
      return arrived ? succeededUpdate(row, now()) : cancelledUpdate(row, options);
    } catch (error) {
      if (error instanceof StoreError || !(error instanceof WaybillError)) throw error;
      log.warn('sweep.unanswered', { transferId: row.transferId }, error);
      const since = run.stoppedAt?.getTime() ?? 0;
      return now().getTime() - since < GIVE_UP_AFTER_MS ? undefined : cancelledUpdate(row, options);
    }
  }
}

const succeededUpdate = ({ attempt }: Transfer, at: Date): TransferUpdate => ({
  state: 'succeeded',
  attempt,
  accepted: [],
  at,
  event: 'resolved',
});

/** A transfer that was being sent may have been accepted; its callback still counts. */
const cancelledUpdate = (
  { attempt, state }: Transfer,
  { now }: Pick<CancelUnsentOptions, 'now'>,
): TransferUpdate => ({
  state: 'cancelled',
  attempt,
  accepted: [],
  at: now(),
  event: 'cancelled',
  ...(state === 'submitting' && {
    cause: {
      provider: 'waybill',
      code: 'CANCELLED_OPEN',
      message: 'the run was stopped while this was being sent; the provider may have accepted it',
      class: 'state',
    },
  }),
});
