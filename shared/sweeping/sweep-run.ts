/** One run's part of a sweep: what was lost is asked for, what was wished is ordered, and it is closed. */
import type { Ledger, Run, ShardRecord } from '../ledger/port.ts';
import { forgetClosing } from '../steering/closing-mark.ts';
import { type DroppingOptions, dropUnsent, hasSettled } from '../steering/dropping.ts';
import { continueWishes } from '../steering/ordering.ts';
import { type AgainOptions, orderAgain } from './again.ts';
import { type ClosingOptions, closeIfDone } from './closing.ts';
import { type FollowOptions, followTasks } from './following.ts';
import { findLost, type LostOptions } from './lost.ts';
import { isStuck, openOf, type VitalsOptions } from './vitals.ts';

export type SweepRunOptions = AgainOptions &
  ClosingOptions &
  DroppingOptions &
  VitalsOptions &
  FollowOptions & {
    readonly ledger: Ledger;
    /** Undefined while the provider is not configured. */
    readonly lost?: Pick<LostOptions, 'limiter' | 'refusals' | 'status'>;
  };

/** What was done about it; the last three of a run that goes on. */
export interface SweptRun {
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

const IDLE: SweptRun = { asked: 0, found: 0, queued: 0, isClosed: false, isStuck: false, open: 0 };

/** @param listed as it was when the sweep came to its page; others may have steered it since */
export async function sweepRun(listed: Run, options: SweepRunOptions): Promise<SweptRun> {
  const { ledger, lost } = options;
  const { runId } = listed;
  const run = await ledger.run(runId);
  const isActive = run?.state === 'active';
  if (!run || run.closedAt || !(isActive || run.state === 'cancelled')) return IDLE;
  const shards = await ledger.shards(runId);
  const overdue = lost ? await findLost(shards, { ...options, ...lost }) : { asked: 0, found: 0 };
  if (isActive) await continueWishes(runId, options);
  else if (hasUnsent(shards) && hasSettled(run, options)) await dropUnsent(run, options);
  const patience = run.operation === 'retry-failed-objects' ? { abandonedMs: NIGHT_MS } : {};
  const followed = await followTasks(shards, { ...options, ...patience });
  const queued = isActive ? await orderAgain(await ledger.shards(runId), options) : 0;
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
    open: openOf(shards),
    nextDueAt: followed.nextDueAt,
  };
}

const hasUnsent = (shards: readonly ShardRecord[]): boolean =>
  shards.some(({ counts }) => counts.planned + counts.submitting > 0);
