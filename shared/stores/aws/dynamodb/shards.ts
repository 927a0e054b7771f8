/** Stores shards in DynamoDB: their leases, write-ahead intents and tallies. */

import type { IntentWindow, Lease, OpenedShard } from '../../../ledger/ledger.ts';
import type { Shard } from '../../../ledger/shard.ts';
import type { Tally } from '../../../ledger/tally.ts';
import type { ShardCalls } from '../../ledger-parts.ts';
import type { Counting } from './counts.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, number, text } from './item.ts';
import type { Key } from './keys.ts';
import { MAX_SHARD, runKey, shardIndex, shardKey } from './keys.ts';
import { shardsOf } from './opened-shards.ts';
import type { Packs } from './packs.ts';
import { readRows, readShard } from './pages.ts';
import { createRenewal } from './renewal.ts';
import type { Rollups } from './rollups.ts';
import { fromWindow, isOpenRun, toMarks, toShard, toState, toWindows } from './rows.ts';
import type { Table } from './table.ts';

interface ShardOptions {
  readonly table: Table;
  readonly packs: Packs;
  readonly rollups: Rollups;
  readonly counting: Counting;
  readonly expiry: Expiry;
  readonly now: () => Date;
}

export function createShards(options: ShardOptions): ShardCalls {
  const { table, counting } = options;
  return {
    ...createWork(options),
    ...createRenewal(table, options.expiry, options.now),

    async shard(runId, index) {
      const item = await table.get(shardKey(runId, index));
      return item && has(item, 'body') ? toShard(item) : undefined;
    },

    async marks(runId, index) {
      const item = await table.get(shardKey(runId, index));
      return item ? toMarks(item) : [];
    },

    async keepDescribed(runId, index, updatedAt) {
      const values = { at: updatedAt.getTime() };
      const set = 'SET #describedAt = :at';
      await table.update(shardKey(runId, index), set, values, 'attribute_exists(#pk)');
    },

    async shardStates(runId, from = 0, to = MAX_SHARD + 1) {
      const attributes = ['sk', 'ended', 'leasedUntil', 'updatedAt'];
      const items = shardsOf(table, runId, { from, to: to - 1, attributes });
      return Array.fromAsync(items, (item) => ({
        index: shardIndex(text(item, 'sk')),
        ...toState(item),
      }));
    },

    shards: counting.shards,
  };
}

type Work = 'openShard' | 'coverShard' | 'endShard' | 'releaseShard' | 'releaseLeases';

/** What workers do with shards. */
function createWork(options: ShardOptions): Pick<ShardCalls, Work> {
  const { table, counting, expiry, rollups } = options;
  const isOpen = async (runId: string): Promise<boolean> =>
    isOpenRun(await table.get(runKey(runId)));

  /** Read to its end, with nothing left to submit or resolve. */
  const isDone = async (item: Item | undefined, { runId, index }: Shard): Promise<boolean> => {
    if (item?.['ended'] !== 1) return false;
    if (await rollups.isFinal(runId, index)) return true;
    return (await readShard(options, { runId, shard: index }, { states: UNSENT })).length === 0;
  };

  return {
    async openShard(shard, lease): Promise<OpenedShard | 'ended' | 'leased' | 'stopped'> {
      const [open, before] = await Promise.all([isOpen(shard.runId), table.get(keyOf(shard))]);
      // Whoever has it still sends what it has begun.
      if (!open) return isLeased(before, lease) ? 'leased' : 'stopped';
      if (await isDone(before, shard)) return 'ended';
      const item = await takeLease(shard, lease, { table, expiry });
      if (!item) return 'leased';
      const { transfers, healthy } = await readRows(options, shard.runId, shard.index);
      return { windows: toWindows(item), transfers, settled: (line) => healthy.has(line) };
    },

    async coverShard(shard, { owner, at, leaseMs }, window, seen, { settledBelow = 0, mark } = {}) {
      const [open, before] = await Promise.all([isOpen(shard.runId), table.get(keyOf(shard))]);
      if (!open) return 'stopped';
      const isNeeded = ({ through }: IntentWindow): boolean => through > settledBelow;
      const windows = [...(before ? toWindows(before) : []), window].filter(isNeeded);
      const add = mark ? ' ADD #marks :marks' : '';
      // Whoever has the lease is the only one who writes windows.
      const set = 'SET #windows = :windows, #leasedUntil = :until, #updatedAt = :at';
      const values = {
        windows: windows.map(fromWindow),
        until: at.getTime() + leaseMs,
        at: at.getTime(),
        owner,
        ...(mark && { marks: new Set([`${mark.line}:${mark.byte}`]) }),
      };
      const tally = JSON.stringify(seen);
      const isRead = '#owner = :owner AND attribute_not_exists(#ended)';
      const covered =
        (await table.update(
          keyOf(shard),
          `${set}, #tally = :tally${add}`,
          { ...values, tally },
          isRead,
        )) ||
        // What was read to its end keeps what was found, however far it is read again.
        (await table.update(keyOf(shard), `${set}${add}`, values, '#owner = :owner'));
      return covered ? 'covered' : 'lost';
    },

    async endShard(shard, { owner, at }, tally: Tally) {
      counting.forget(shard.runId, shard.index);
      return table.update(
        keyOf(shard),
        `SET #tally = :tally, #ended = :one, #updatedAt = :at
          REMOVE #owner, #leasedUntil, #windows`,
        { tally: JSON.stringify(tally), one: 1, at: at.getTime(), owner },
        '#owner = :owner',
      );
    },

    async releaseShard(shard, { owner }, windows) {
      await release(table, keyOf(shard), owner, windows);
    },

    // Only for runs that are open: nothing is done for others.
    async releaseLeases() {
      const values = { open: 'open' };
      const runs = table.query({ index: 'open', where: '#open = :open', values });
      let released = 0;
      for await (const run of runs) {
        const runId = text(run, 'runId');
        const attributes = ['sk', 'owner', 'updatedAt'];
        for await (const item of shardsOf(table, runId, { attributes })) {
          if (!has(item, 'owner')) continue;
          const key = shardKey(runId, shardIndex(text(item, 'sk')));
          if (await release(table, key, text(item, 'owner'))) released += 1;
        }
      }
      return released;
    },
  };
}

/** States with something left to submit or resolve. */
const UNSENT = ['planned', 'submitting'] as const;

const keyOf = ({ runId, index }: Shard): Key => shardKey(runId, index);

const isLeased = (item: Item | undefined, { owner, at }: Lease): boolean =>
  item !== undefined &&
  has(item, 'owner') &&
  text(item, 'owner') !== owner &&
  number(item, 'leasedUntil') > at.getTime();

/** The same owner again is one whose answer was lost. */
function takeLease(
  shard: Shard,
  { owner, at, leaseMs }: Lease,
  { table, expiry }: Pick<ShardOptions, 'table' | 'expiry'>,
): Promise<Item | undefined> {
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
}

function release(
  table: Table,
  key: Key,
  owner: string,
  windows?: readonly IntentWindow[],
): Promise<boolean> {
  const set = windows ? 'SET #windows = :windows ' : '';
  const values = { owner, ...(windows && { windows: windows.map(fromWindow) }) };
  return table.update(key, `${set}REMOVE #owner, #leasedUntil`, values, '#owner = :owner');
}
