/** Stores shards in DynamoDB: their leases, write-ahead intents and tallies. */

import type { IntentWindow, Lease, OpenedShard } from '../../../ledger/ledger.ts';
import type { Transfer } from '../../../ledger/model.ts';
import type { Shard } from '../../../ledger/shard.ts';
import type { Tally } from '../../../ledger/tally.ts';
import type { ShardCalls } from '../../ledger-parts.ts';
import type { Counting } from './counts.ts';
import { has, type Item, number, text } from './item.ts';
import type { Key } from './keys.ts';
import { MAX_SHARD, runKey, shardKey } from './keys.ts';
import type { Expiry } from './rows.ts';
import {
  fromWindow,
  isOpenRun,
  noCounts,
  type StateCounts,
  toShard,
  toTally,
  toWindows,
} from './rows.ts';
import { shardsOf } from './runs.ts';
import type { Table } from './table.ts';

const AT_ONCE = 16;

export interface ShardOptions {
  readonly table: Table;
  readonly counting: Counting;
  readonly expiry: Expiry;
  /** All rows of a shard. */
  readonly rowsOf: (runId: string, shard: number) => Promise<readonly Transfer[]>;
}

export function createShards({ table, counting, expiry, rowsOf }: ShardOptions): ShardCalls {
  const isOpen = async (runId: string): Promise<boolean> =>
    isOpenRun(await table.get(runKey(runId)));
  const keyOf = ({ runId, index }: Shard) => shardKey(runId, index);

  /** Read to its end, with nothing left to submit or resolve. */
  const isDone = async (item: Item | undefined, { runId, index }: Shard): Promise<boolean> => {
    if (item?.['ended'] !== 1) return false;
    const rows = await rowsOf(runId, index);
    return !rows.some(({ state }) => state === 'planned' || state === 'submitting');
  };

  const isLeased = (item: Item | undefined, { owner, at }: Lease): boolean =>
    item !== undefined &&
    has(item, 'owner') &&
    text(item, 'owner') !== owner &&
    number(item, 'leasedUntil') > at.getTime();

  /** The same owner again is one whose answer was lost. */
  const takeLease = (shard: Shard, { owner, at, leaseMs }: Lease): Promise<Item | undefined> => {
    const { ttl } = expiry.part(at);
    const values = {
      body: JSON.stringify(shard),
      owner,
      at: at.getTime(),
      until: at.getTime() + leaseMs,
      ...(ttl !== undefined && { ttl }),
    };
    return table.updated(
      keyOf(shard),
      `SET #body = :body, #owner = :owner, #leasedUntil = :until, #updatedAt = :at${
        ttl === undefined ? '' : ', #ttl = :ttl'
      }`,
      values,
      'attribute_not_exists(#owner) OR #leasedUntil <= :at OR #owner = :owner',
    );
  };

  const release = (
    key: Key,
    owner: string,
    windows?: readonly IntentWindow[],
  ): Promise<boolean> => {
    const set = windows ? 'SET #windows = :windows ' : '';
    const values = { owner, ...(windows && { windows: windows.map(fromWindow) }) };
    return table.update(key, `${set}REMOVE #owner, #leasedUntil`, values, '#owner = :owner');
  };

  return {
    async openShard(shard, lease): Promise<OpenedShard | 'ended' | 'leased' | 'stopped'> {
      const [open, before] = await Promise.all([isOpen(shard.runId), table.get(keyOf(shard))]);
      // Whoever has it still sends what it has begun.
      if (!open) return isLeased(before, lease) ? 'leased' : 'stopped';
      if (await isDone(before, shard)) return 'ended';
      const item = await takeLease(shard, lease);
      if (!item) return 'leased';
      const rows = await rowsOf(shard.runId, shard.index);
      const transfers = new Map(rows.map((row) => [row.line, row]));
      return { windows: toWindows(item), transfers };
    },

    async coverShard(shard, { owner, at, leaseMs }, window, seen) {
      if (!(await isOpen(shard.runId))) return 'stopped';
      const set = `SET #windows = list_append(if_not_exists(#windows, :none), :window),
        #leasedUntil = :until, #updatedAt = :at`;
      const values = {
        none: [],
        window: [fromWindow(window)],
        until: at.getTime() + leaseMs,
        at: at.getTime(),
        owner,
      };
      const tally = JSON.stringify(seen);
      const isRead = '#owner = :owner AND attribute_not_exists(#ended)';
      const covered =
        (await table.update(
          keyOf(shard),
          `${set}, #tally = :tally`,
          { ...values, tally },
          isRead,
        )) ||
        // What was read to its end keeps what was found, however far it is read again.
        (await table.update(keyOf(shard), set, values, '#owner = :owner'));
      return covered ? 'covered' : 'lost';
    },

    async endShard(shard, { owner, at }, tally: Tally) {
      counting.forget(shard.runId, shard.index);
      return table.update(
        keyOf(shard),
        'SET #tally = :tally, #ended = :one, #updatedAt = :at REMOVE #owner, #leasedUntil',
        { tally: JSON.stringify(tally), one: 1, at: at.getTime(), owner },
        '#owner = :owner',
      );
    },

    async releaseShard(shard, { owner }, windows) {
      await release(keyOf(shard), owner, windows);
    },

    // Only for runs that are open: nothing is done for others.
    async releaseLeases() {
      const values = { open: 'open' };
      const runs = table.query({ index: 'open', where: '#open = :open', values });
      let released = 0;
      for await (const run of runs) {
        const runId = text(run, 'runId');
        for (const item of await shardsOf(table, runId)) {
          if (!has(item, 'owner')) continue;
          const key = shardKey(runId, toShard(item).index);
          if (await release(key, text(item, 'owner'))) released += 1;
        }
      }
      return released;
    },

    async shard(runId, index) {
      const item = await table.get(shardKey(runId, index));
      return item && has(item, 'body') ? toShard(item) : undefined;
    },

    async shardStates(runId, from, to = MAX_SHARD + 1) {
      const items = await shardsOf(table, runId, from, to - 1);
      return items.map((item) => ({ index: toShard(item).index, ...toState(item) }));
    },

    async shards(runId) {
      const items = await shardsOf(table, runId);
      const counted: StateCounts[] = items.map(noCounts);
      const waiting = items.entries();
      const worker = async (): Promise<void> => {
        for (const [at, item] of waiting) counted[at] = await counting.exact(item);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return items.map((item, at) => {
        const { temporary, ...counts } = counted[at] as StateCounts;
        const read = { shard: toShard(item), tally: toTally(item) };
        return { ...toState(item), ...read, counts, temporary: temporary ?? counts.failed };
      });
    },
  };
}

const toState = (item: Item) => ({
  ended: item['ended'] === 1,
  updatedAt: new Date(number(item, 'updatedAt')),
  ...(has(item, 'leasedUntil') && { leasedUntil: new Date(number(item, 'leasedUntil')) }),
});
