/**
 * Writes URL, key and MD5 into failed rows that hold none, as a callback made them: once per shard,
 * before the manifest that tells them may be gone.
 */
import type { Ledger, ShardRecord } from '../ledger/ledger.ts';
import type { DescribedTransfer } from '../ledger/model.ts';
import { isTaskShard } from '../ledger/shard.ts';
import { sideBySide } from '../lib/side-by-side.ts';
import { createDescribe } from '../manifest/describe.ts';
import type { Objects } from '../stores/objects.ts';

interface DescribeFailuresOptions {
  readonly ledger: Pick<Ledger, 'keepDescribed' | 'marks' | 'record' | 'shard' | 'transfersOf'>;
  readonly objects: Pick<Objects, 'read'>;
  /** No shard is begun after it. */
  readonly deadline?: Date;
  readonly now: () => Date;
}

const SHARDS_AT_ONCE = 8;
const ROWS_AT_ONCE = 25;

/**
 * @param shards those whose transfers are final
 * @returns whether all of them are described; what the manifest no longer tells counts as such
 * @throws StoreError
 */
export async function describeFailures(
  shards: readonly ShardRecord[],
  { ledger, objects, deadline, now }: DescribeFailuresOptions,
): Promise<boolean> {
  const describe = createDescribe({ ledger, objects });

  /** Merged as a poll without news: nothing changes but the object, not even the instant. */
  const keepObject = async (row: DescribedTransfer): Promise<void> => {
    const { attempt, object, state, transferId, updatedAt } = row;
    if (!object) return;
    const update = { state, attempt, accepted: [], at: updatedAt, object };
    await ledger.record(transferId, { ...update, event: 'poll' });
  };

  const describeShard = async ({ shard, counts, updatedAt }: ShardRecord): Promise<boolean> => {
    if (deadline && now() >= deadline) return false;
    const { runId, index } = shard;
    const states = (['failed', 'cancelled'] as const).filter((state) => counts[state] > 0);
    const rows = await ledger.transfersOf(runId, index, states);
    const unknown = rows.filter(({ object }) => !object);
    await sideBySide(await describe(unknown), ROWS_AT_ONCE, keepObject);
    await ledger.keepDescribed(runId, index, updatedAt);
    return true;
  };

  const left = shards.filter((record) => !isDescribed(record));
  return (await sideBySide(left, SHARDS_AT_ONCE, describeShard)).every(Boolean);
}

/** Whoever took the shard since may have left new failures. */
const isDescribed = (record: ShardRecord): boolean =>
  isTaskShard(record.shard) ||
  (record.withoutObject ?? record.counts.failed + record.counts.cancelled) === 0 ||
  record.describedAt?.getTime() === record.updatedAt.getTime();
