/** One run's part of a sweep: what was lost is asked for, what was wished is ordered, and it is closed. */
import type { Ledger, Run } from '../ledger/port.ts';
import { dropUnsent, hasSettled } from '../steering/cancelling.ts';
import { continueWish } from '../steering/ordering.ts';
import { type AgainOptions, orderAgain } from './again.ts';
import { type ClosingOptions, closeIfDone } from './closing.ts';
import { type FollowOptions, followTasks } from './following.ts';
import { findLost, type LostOptions } from './lost.ts';
import { isStuck, openOf, type VitalsOptions } from './vitals.ts';

export type SweepRunOptions = AgainOptions &
  ClosingOptions &
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

export async function sweepRun(run: Run, options: SweepRunOptions): Promise<SweptRun> {
  const { ledger, lost } = options;
  const { runId } = run;
  const shards = await ledger.shards(runId);
  const overdue = lost ? await findLost(shards, { ...options, ...lost }) : { asked: 0, found: 0 };
  if (run.state === 'active') await continueWish(runId, shards, options);
  else if (hasSettled(run, options)) await dropUnsent(shards, options);
  const patience = run.operation === 'retry-failed-objects' ? { abandonedMs: NIGHT_MS } : {};
  const followed = await followTasks(shards, { ...options, ...patience });
  const queued = run.state === 'active' ? await orderAgain(await ledger.shards(runId), options) : 0;
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
