/** Orders transfers of an open run once more, as somebody wished, shard by shard. */
import { LeasedError } from '../errors.ts';
import type { Ledger, ShardRecord, Transfer } from '../ledger/port.ts';
import type { QueueSender } from '../queue/port.ts';
import { alone } from '../tasks/alone.ts';
import { isTaskShard } from '../tasks/runs.ts';
import { runLease } from './lease.ts';
import { keepWish, readWish, type Wish } from './wish.ts';

export interface OrderingOptions {
  readonly ledger: Ledger;
  readonly queue: QueueSender;
  /** No shard is begun after it. */
  readonly deadline: Date;
  readonly now: () => Date;
}

/** Whether the wish means this transfer: what ended after it was made, it does not know of. */
export const isWished = (
  { classes, at }: Wish,
  { cause, state, updatedAt }: Pick<Transfer, 'cause' | 'state' | 'updatedAt'>,
): boolean => {
  if (updatedAt.getTime() > at) return false;
  if (classes === undefined) return state === 'failed' || state === 'cancelled';
  return state === 'failed' && cause !== undefined && classes.includes(cause.class);
};

/** Rows written side by side. */
const AT_ONCE = 100;

/**
 * Fulfils what is wished of the run, or as much as the time allows; repeating it goes on.
 * Under the lease of the run.
 * @returns transfers ordered by this call, and whether nothing is left of the wish
 * @throws StoreError
 */
export async function orderWished(
  runId: string,
  shards: readonly ShardRecord[],
  { ledger, queue, deadline, now }: OrderingOptions,
): Promise<{ readonly ordered: number; readonly done: boolean }> {
  const wish = await readWish(ledger, runId);
  if (!wish) return { ordered: 0, done: true };
  let ordered = 0;
  for (const { shard, counts } of shards) {
    if (isTaskShard(shard) || counts.failed + counts.cancelled === 0) continue;
    if (now() >= deadline) return { ordered, done: false };
    const rows = await ledger.transfersOf(runId, shard.index, ['failed', 'cancelled']);
    const wished = rows.filter((row) => isWished(wish, row));
    if (wished.length === 0) continue;
    for (let at = 0; at < wished.length; at += AT_ONCE) {
      await Promise.all(wished.slice(at, at + AT_ONCE).map((row) => order(row, ledger, now())));
    }
    ordered += wished.length;
    await queue.send([JSON.stringify(shard)]);
  }
  await keepWish(ledger, runId, undefined);
  return { ordered, done: true };
}

/** The sweeper's part: goes on with what a request left, unless somebody is at it. */
export async function continueWish(
  runId: string,
  shards: readonly ShardRecord[],
  options: OrderingOptions,
): Promise<void> {
  const { ledger, now } = options;
  if (!(await readWish(ledger, runId))) return;
  try {
    await alone(ledger, runLease(runId), now, () => orderWished(runId, shards, options));
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
