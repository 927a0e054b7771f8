/** Orders transfers of an open run once more, as somebody wished, shard by shard. */
import { LeasedError } from '../errors.ts';
import type { Ledger, ShardRecord, Transfer } from '../ledger/port.ts';
import type { Objects } from '../objects/port.ts';
import type { QueueSender } from '../queue/port.ts';
import { alone } from '../tasks/alone.ts';
import { isTaskShard } from '../tasks/runs.ts';
import { forgetEnd } from './closing-mark.ts';
import { currentBody } from './current-shard.ts';
import { runLease } from './lease.ts';
import { keepWishes, readWishes, type Wish } from './wish.ts';

export interface OrderingOptions {
  readonly ledger: Ledger;
  readonly objects: Pick<Objects, 'head' | 'list' | 'remove'>;
  readonly queue: QueueSender;
  /** No shard is begun after it. */
  readonly deadline: Date;
  readonly now: () => Date;
}

type Ended = Pick<Transfer, 'attempt' | 'cause' | 'history' | 'state' | 'updatedAt'>;

/** Whether one of them means this transfer: what ended after it was made, it does not know of. */
export const isWished = (wishes: readonly Wish[], row: Ended): boolean => {
  const { cause, state } = row;
  if (state !== 'failed' && state !== 'cancelled') return false;
  const since = learntAt(row).getTime();
  return wishes.some(({ at, classes }) => {
    if (since > at) return false;
    if (classes === undefined) return true;
    return state === 'failed' && cause !== undefined && classes.includes(cause.class);
  });
};

/** When it came to its state; what is told again later, such as by a second callback, is no news. */
const learntAt = ({ attempt, history, state, updatedAt }: Omit<Ended, 'cause'>): Date =>
  history.find((entry) => entry.attempt === attempt && entry.state === state)?.at ?? updatedAt;

/** Rows written side by side. */
const AT_ONCE = 100;

/**
 * Fulfils what is wished of the run, or as much as the time allows; repeating it goes on.
 * Under the lease of the run.
 * @returns transfers ordered by this call, and whether nothing is left to wish for
 * @throws StoreError
 */
export async function orderWished(
  runId: string,
  shards: readonly ShardRecord[],
  options: OrderingOptions,
): Promise<{ readonly ordered: number; readonly done: boolean }> {
  const { ledger, objects, queue, deadline, now } = options;
  const wishes = await readWishes(ledger, runId);
  if (wishes.length === 0) return { ordered: 0, done: true };
  // Whoever made the wish may have died before.
  await forgetEnd(runId, options);
  const wishedAt = Math.min(...wishes.map(({ at }) => at));
  let ordered = 0;
  for (const { shard, counts } of shards) {
    if (isTaskShard(shard) || counts.failed + counts.cancelled + counts.planned === 0) continue;
    if (now() >= deadline) return { ordered, done: false };
    const rows = await ledger.transfersOf(runId, shard.index, ['failed', 'cancelled', 'planned']);
    const wished = rows.filter((row) => isWished(wishes, row));
    for (let at = 0; at < wished.length; at += AT_ONCE) {
      await Promise.all(wished.slice(at, at + AT_ONCE).map((row) => order(row, ledger, now())));
    }
    ordered += wished.length;
    // Ordered by one that died before it queued them.
    const isLeft = rows.some(
      (row) => row.state === 'planned' && learntAt(row).getTime() >= wishedAt,
    );
    if (wished.length > 0 || isLeft) await queue.send([await currentBody(shard, objects)]);
  }
  await keepWishes(ledger, runId, []);
  return { ordered, done: true };
}

/** The sweeper's part: goes on with what a request left, unless somebody is at it. */
export async function continueWishes(runId: string, options: OrderingOptions): Promise<void> {
  const { ledger, now } = options;
  if ((await readWishes(ledger, runId)).length === 0) return;
  try {
    await alone(ledger, runLease(runId), now, async () => {
      if ((await ledger.run(runId))?.state !== 'active') return;
      // Those of before the lease may lack what failed since.
      await orderWished(runId, await ledger.shards(runId), options);
    });
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
