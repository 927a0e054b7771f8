/** Puts off the expiry of what open runs have written, so that retention bounds no run. */
import { sideBySide } from '../../../lib/side-by-side.ts';
import type { ShardCalls } from '../../ledger-parts.ts';
import type { Expiry } from './expiry.ts';
import { has, type Item, number, text } from './item.ts';
import {
  MAX_SHARD,
  PARTS,
  packPartition,
  rollupSort,
  runKey,
  runPartition,
  shardIndex,
  transferPartition,
} from './keys.ts';
import { shardsOf } from './opened-shards.ts';
import type { Table } from './table.ts';

/** So long before its first rows expire a run is looked at: 15 days, and as long for a shard that may wait. */
const AHEAD_SECONDS = 15 * 86_400;
const WRITES_AT_ONCE = 16;

export function createRenewal(
  table: Table,
  expiry: Expiry,
  now: () => Date,
): Pick<ShardCalls, 'keepRows'> {
  return {
    async keepRows(runId, deadline) {
      const run = await table.get(runKey(runId));
      const { ttl } = expiry.part(now());
      if (ttl === undefined || !run || has(run, 'closedAt')) return;
      const soon = Math.floor(now().getTime() / 1_000) + AHEAD_SECONDS;
      if (rowsUntil(run, expiry) > soon) return;
      const attributes = ['pk', 'sk', 'ttl', 'updatedAt'];
      let least = ttl;
      for await (const shard of shardsOf(table, runId, { attributes })) {
        if (number(shard, 'ttl') > soon + AHEAD_SECONDS) {
          least = Math.min(least, number(shard, 'ttl'));
          continue;
        }
        if (now() >= deadline) return;
        const index = shardIndex(text(shard, 'sk'));
        const rows = PARTS.map((part) => transferPartition(runId, index, part));
        for (const pk of [...rows, packPartition(runId, index)]) {
          await renew(table, ttl, { where: '#pk = :pk', values: { pk } });
        }
        // Last, as it tells that its rows are done.
        await renewItem(table, ttl, shard);
      }
      const [from, to] = [rollupSort(0), rollupSort(MAX_SHARD)];
      const values = { pk: runPartition(runId), from, to };
      await renew(table, ttl, { where: '#pk = :pk AND #sk BETWEEN :from AND :to', values });
      const set = 'SET #rowsUntil = :least';
      await table.update(runKey(runId), set, { least }, 'attribute_exists(#pk)');
    },
  };
}

/** When the first row of a run expires; Unix seconds. */
export const rowsUntil = (run: Item, expiry: Expiry): number =>
  has(run, 'rowsUntil')
    ? number(run, 'rowsUntil')
    : (expiry.part(new Date(number(run, 'createdAt'))).ttl ?? Number.POSITIVE_INFINITY);

async function renew(
  table: Table,
  ttl: number,
  query: { readonly where: string; readonly values: Readonly<Record<string, string>> },
): Promise<void> {
  const found = table.query({
    ...query,
    values: { ...query.values, ttl },
    filter: '#ttl < :ttl',
    attributes: ['pk', 'sk'],
  });
  let some: Item[] = [];
  const write = () => sideBySide(some, WRITES_AT_ONCE, (item) => renewItem(table, ttl, item));
  for await (const item of found) {
    if (some.push(item) < 1_000) continue;
    await write();
    some = [];
  }
  await write();
}

const renewItem = (table: Table, ttl: number, item: Item): Promise<boolean> =>
  table.update(
    { pk: text(item, 'pk'), sk: text(item, 'sk') },
    'SET #ttl = :ttl',
    { ttl },
    '#ttl < :ttl',
  );
