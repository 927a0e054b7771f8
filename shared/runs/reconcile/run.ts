/** One run's part of a sweep: what was lost is asked for, what was wished is ordered, and it is closed. */
import type { Ledger, ShardRecord } from '../../ledger/ledger.ts';
import type { Run } from '../../ledger/model.ts';
import { continueRetries } from '../apply-retries.ts';
import { type CancelUnsentOptions, cancelUnsent, hasSettled } from '../cancel-unsent.ts';
import { type ClosingOptions, closeIfDone } from '../close.ts';
import { forgetClosing } from '../closing-time.ts';
import { type RequeueOptions, requeue } from '../requeue.ts';
import { findLostCallbacks, type LostCallbackOptions } from './lost-callbacks.ts';
import { type PollOptions, pollTasks } from './poll-tasks.ts';
import { countOpen, isStuck, type VitalsOptions } from './stuck.ts';

export type ReconcileOptions = RequeueOptions &
  ClosingOptions &
  CancelUnsentOptions &
  VitalsOptions &
  PollOptions & {
    readonly ledger: Ledger;
    /** Undefined while the provider is not configured. */
    readonly lost?: Pick<LostCallbackOptions, 'each' | 'status'>;
  };

/** What was done about it; the last three of a run that goes on. */
export interface ReconciledRun {
  readonly asked: number;
  readonly found: number;
  readonly queued: number;
  readonly isClosed: boolean;
  readonly isStuck: boolean;
  /** Transfers that are not final. */
  readonly open: number;
  /** When the next followed task is due. */
  readonly nextDueAt?: Date | undefined;
}

/** Tasks of a pass wait for room, at the longest until the next pass takes them over. */
const NIGHT_MS = 26 * 3_600_000;

const IDLE: ReconciledRun = {
  asked: 0,
  found: 0,
  queued: 0,
  isClosed: false,
  isStuck: false,
  open: 0,
};

/** @param listed as it was when the sweep came to its page; others may have steered it since */
export async function reconcileRun(listed: Run, options: ReconcileOptions): Promise<ReconciledRun> {
  const { ledger, lost } = options;
  const { runId } = listed;
  const run = await ledger.run(runId);
  const isActive = run?.state === 'active';
  if (!run || run.closedAt || !(isActive || run.state === 'cancelled')) return IDLE;
  const shards = await ledger.shards(runId);
  const overdue = lost
    ? await findLostCallbacks(shards, { ...options, ...lost })
    : { asked: 0, found: 0 };
  if (isActive) await continueRetries(runId, options);
  else if (hasUnsent(shards) && hasSettled(run, options)) await cancelUnsent(run, options);
  const patience = run.operation === 'retry-failed-objects' ? { abandonedMs: NIGHT_MS } : {};
  const followed = await pollTasks(shards, { ...options, ...patience });
  const queued = isActive ? await requeue(await ledger.shards(runId), options) : 0;
  // What was to be told of it is no longer so.
  if (queued > 0) await forgetClosing(ledger, runId);
  const current = await ledger.run(runId);
  const isClosed = current !== undefined && (await closeIfDone(current, options));
  return {
    asked: overdue.asked + followed.asked,
    found: overdue.found + followed.found,
    queued,
    isClosed,
    isStuck: !isClosed && (await isStuck(run, shards, options)),
    open: countOpen(shards),
    nextDueAt: followed.nextDueAt,
  };
}

const hasUnsent = (shards: readonly ShardRecord[]): boolean =>
  shards.some(({ counts }) => counts.planned + counts.submitting > 0);
