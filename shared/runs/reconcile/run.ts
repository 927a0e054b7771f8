/**
 * Reconciles one run: queries lost callbacks, applies retry requests, polls its tasks, requeues
 * shards, and closes it once all of that is done.
 */
import type { Ledger, ShardRecord, ShardState } from '../../ledger/ledger.ts';
import { isStopped } from '../../ledger/model.ts';
import { continueRetries } from '../apply-retries.ts';
import { type CancelUnsentOptions, cancelUnsent, hasSettled } from '../cancel-unsent.ts';
import { type ClosingOptions, closeIfDone, mayBeDone } from '../close.ts';
import { describeFailures } from '../describe-failures.ts';
import { type FeedQuietOptions, feedQuiet } from '../feed-quiet.ts';
import { type RequeueFailedOptions, requeueFailed } from '../requeue.ts';
import { readSnapshot } from '../snapshot.ts';
import { findLostCallbacks, type LostCallbackOptions } from './lost-callbacks.ts';
import { type PollOptions, pollTasks } from './poll-tasks.ts';
import { countOpen, isStuck, type StuckOptions } from './stuck.ts';

export type ReconcileOptions = RequeueFailedOptions &
  ClosingOptions &
  CancelUnsentOptions &
  StuckOptions &
  PollOptions &
  Omit<FeedQuietOptions, 'isAsked' | 'quietMs'> & {
    readonly ledger: Ledger;
    /** Undefined while the provider is not configured. */
    readonly lost?: Pick<LostCallbackOptions, 'each' | 'status'>;
    /** Whether the pace explains that nothing is sent. */
    readonly isPaceClosed: boolean;
    /** The run's part of the time for these, which all open runs share. */
    readonly lostUntil: Date;
  };

/** What was done for the run; the last three are of a run that stays open. */
interface ReconciledRun {
  readonly polled: number;
  readonly found: number;
  readonly queued: number;
  readonly isClosed: boolean;
  readonly isStuck: boolean;
  /** Transfers that are not final. */
  readonly open: number;
  /** When the next task is due to be polled, or the next callback that was lost. */
  readonly nextDueAt?: Date | undefined;
}

/** Tasks of a nightly pass wait for free slots, at most until the next pass takes them over. */
const NIGHT_MS = 26 * 3_600_000;

const IDLE: ReconciledRun = {
  polled: 0,
  found: 0,
  queued: 0,
  isClosed: false,
  isStuck: false,
  open: 0,
};

/** The run is read anew: it may have changed since the sweep listed it. */
export async function reconcileRun(
  runId: string,
  options: ReconcileOptions,
): Promise<ReconciledRun> {
  const { ledger } = options;
  const snapshot = await readSnapshot(ledger, runId);
  if (!snapshot) return IDLE;
  const { run, shards } = snapshot;
  const isActive = run.state === 'active';
  const isPaused = run.state === 'paused';
  if (run.closedAt || run.state === 'planning') return IDLE;
  await ledger.keepRows(runId, options.lostUntil);
  const lost = options.lost
    ? await findLostCallbacks(shards, { ...options, ...options.lost, deadline: options.lostUntil })
    : { queried: 0, found: 0, isCut: false };
  if (isActive) await continueRetries(runId, options);
  else if (isStopped(run) && hasUnsent(shards) && hasSettled(run, options)) {
    await cancelUnsent(run, options);
  }
  const abandonedMs = isPaused ? Number.POSITIVE_INFINITY : NIGHT_MS;
  const abandon = isPaused || run.operation === 'retry-failed-objects' ? { abandonedMs } : {};
  const tasks = await pollTasks(shards, { ...options, ...abandon });
  const { queued, isRetryLeft } = isActive
    ? await requeueFailed(shards, options)
    : { queued: 0, isRetryLeft: false };
  await describeFailures(shards.filter(isFinished), options);
  const quietMs = Math.max(options.lostAfterMs, options.settleMs);
  const fed = options.isPaceClosed
    ? 0
    : await feedQuiet(run, shards.map(stateOf), { ...options, quietMs });
  const found = lost.found + tasks.found;
  const isClosed =
    !isRetryLeft &&
    mayBeDone(snapshot, found, options) &&
    (await closeIfDone(runId, { ...options, reportsUntil: options.lostUntil }));
  return {
    polled: lost.queried + tasks.polled,
    found,
    queued: queued + fed,
    isClosed,
    isStuck: !isClosed && !options.isPaceClosed && (await isStuck(run, shards, options)),
    open: countOpen(shards),
    nextDueAt: lost.isCut ? options.now() : tasks.nextDueAt,
  };
}

const hasUnsent = (shards: readonly ShardRecord[]): boolean =>
  shards.some(({ counts }) => counts.planned + counts.submitting > 0);

/** Read to its end, and nothing of it is open. */
const isFinished = (record: ShardRecord): boolean => record.ended && countOpen([record]) === 0;

const stateOf = ({ shard, ...state }: ShardRecord): ShardState => ({
  index: shard.index,
  ...state,
});
