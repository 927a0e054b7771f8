/** The sweeper's part of cancelling: ends what was ordered and never sent, once nobody is at it. */
import { randomUUID } from 'node:crypto';
import { runLeaseName, withLease } from '../ledger/lease.ts';
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { Run, Transfer, TransferTask, TransferUpdate } from '../ledger/model.ts';
import type { PlannedTransfer } from '../ledger/shard.ts';
import { LeasedError, StoreError, WaybillError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { isTaskShard } from './task-runs.ts';

/** Whether the object was brought there since; as a worker asks before it sends once more. */
export type HasArrived = (
  object: Pick<PlannedTransfer, 'key' | 'md5' | 'target'>,
  since: Date,
) => Promise<boolean>;

export interface CancelUnsentOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  /** They find out what became of a start that was not answered. */
  readonly pollers: { readonly [Kind in TransferTask['kind']]?: unknown };
  /** Undefined while the provider is not configured. */
  readonly hasArrived?: HasArrived | undefined;
  readonly settleMs: number;
  /** No shard is begun after it. */
  readonly deadline: Date;
  readonly now: () => Date;
}

/** Requests end in this time. */
const REQUEST_MS = 60_000;

/** Longer than any worker has a shard without renewing its lease. */
const LONGEST_LEASE_MS = 1_800_000;

/** What can not be asked for so long is not waited for. */
const PATIENCE_MS = 3_600_000;

/** Whether every request that was under way when the run was cancelled must have ended by now. */
export const hasSettled = (
  { stoppedAt }: Run,
  { settleMs, now }: Pick<CancelUnsentOptions, 'settleMs' | 'now'>,
): boolean =>
  stoppedAt === undefined ||
  now().getTime() - stoppedAt.getTime() >= Math.max(settleMs, REQUEST_MS);

/** Shards asked for side by side. */
const AT_ONCE = 16;

/** Rows written side by side. */
const ROWS_AT_ONCE = 100;

/** Whether a worker still has a shard of the run, which was cancelled: it sends what it has begun. */
export async function isWorkedOn(
  shards: readonly ShardRecord[],
  { ledger, now }: Pick<CancelUnsentOptions, 'ledger' | 'now'>,
): Promise<boolean> {
  const at = now();
  const probe = { owner: randomUUID(), at, leaseMs: 0 };
  const isLeased = async ({ shard }: ShardRecord): Promise<boolean> => {
    const opened = await ledger.openShard(shard, probe);
    if (typeof opened === 'object') await ledger.releaseShard(shard, probe);
    return opened === 'leased';
  };
  const asked = shards.filter(
    ({ shard, ended, counts, updatedAt }) =>
      !isTaskShard(shard) &&
      // Of one that is ended and has nothing to send, nobody takes the lease.
      (!ended || counts.planned + counts.submitting > 0) &&
      at.getTime() - updatedAt.getTime() < LONGEST_LEASE_MS,
  );
  for (let from = 0; from < asked.length; from += AT_ONCE) {
    const leased = await Promise.all(asked.slice(from, from + AT_ONCE).map(isLeased));
    if (leased.includes(true)) return true;
  }
  return false;
}

/** Tasks of a pass are started by whoever has the lease of passes. */
const leasesOf = ({ operation, runId }: Run): readonly string[] =>
  operation === 'retry-failed-objects' ? ['nightly', runLeaseName(runId)] : [runLeaseName(runId)];

/** Nothing happens while somebody goes on with the run, or it has not settled. @throws StoreError */
export async function cancelUnsent(run: Run, options: CancelUnsentOptions): Promise<void> {
  const { ledger, now } = options;
  const drop = async (): Promise<void> => {
    // It may have been gone on with since it was read.
    const current = await ledger.run(run.runId);
    if (current?.state !== 'cancelled' || current.closedAt) return;
    if (!hasSettled(current, options)) return;
    const shards = await ledger.shards(run.runId);
    if (await isWorkedOn(shards, options)) return;
    for (const record of shards) {
      if (now() >= options.deadline) return;
      await dropOf(record, current, options);
    }
  };
  const within = leasesOf(run).reduceRight(
    (work, name) => () => withLease(ledger, name, now, work),
    drop,
  );
  try {
    await within();
  } catch (error) {
    if (!(error instanceof LeasedError)) throw error;
  }
}

async function dropOf(
  { shard, counts }: ShardRecord,
  run: Run,
  options: CancelUnsentOptions,
): Promise<void> {
  if (counts.planned + counts.submitting === 0) return;
  const { ledger, pollers } = options;
  const { runId, index, target } = shard;
  const rows = await ledger.transfersOf(runId, index, ['planned', 'submitting']);
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    await Promise.all(rows.slice(from, from + ROWS_AT_ONCE).map(end));
  }

  async function end(row: Transfer): Promise<void> {
    if (row.state === 'submitting' && row.task && pollers[row.task.kind]) return;
    const report = row.state === 'planned' ? dropped(row, options) : await look(row, options);
    if (report) await ledger.record(row.transferId, report);
  }

  /** What was being sent: as it is resolved in a run that goes on. */
  async function look(row: Transfer, { hasArrived, log, now, settleMs }: CancelUnsentOptions) {
    if (!row.object || !hasArrived) return dropped(row, options);
    if (now().getTime() - row.updatedAt.getTime() < settleMs) return undefined;
    const begun = row.history.find(({ attempt }) => attempt === row.attempt)?.at ?? row.updatedAt;
    try {
      const arrived = await hasArrived(
        { ...row.object, target },
        new Date(begun.getTime() - REQUEST_MS),
      );
      return arrived ? resolved(row, now()) : dropped(row, options);
    } catch (error) {
      if (error instanceof StoreError || !(error instanceof WaybillError)) throw error;
      log.warn('sweep.unanswered', { transferId: row.transferId }, error);
      const since = run.stoppedAt?.getTime() ?? 0;
      return now().getTime() - since < PATIENCE_MS ? undefined : dropped(row, options);
    }
  }
}

const resolved = ({ attempt }: Transfer, at: Date): TransferUpdate => ({
  state: 'succeeded',
  attempt,
  accepted: [],
  at,
  event: 'resolved',
});

/** What was being sent may have been taken; a callback of it still counts. */
const dropped = (
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
      message: 'it was being sent when the run was cancelled, and may have been taken',
      class: 'state',
    },
  }),
});
