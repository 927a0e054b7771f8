/** Queries the shards of a run, each with as much of its item as is needed. */
import { has, type Item } from './item.ts';
import { MAX_SHARD, runPartition, shardSort } from './keys.ts';
import type { Table } from './table.ts';

/** The shards of a run that somebody opened, from number `from` to `to`. */
export async function* shardsOf(
  table: Table,
  runId: string,
  {
    from = 0,
    to = MAX_SHARD,
    attributes,
  }: {
    readonly from?: number;
    readonly to?: number;
    /** `updatedAt` must be one of them. */
    readonly attributes?: readonly string[];
  } = {},
): AsyncGenerator<Item> {
  const values = { pk: runPartition(runId), from: shardSort(from), to: shardSort(to) };
  const where = '#pk = :pk AND #sk BETWEEN :from AND :to';
  for await (const item of table.query({ where, values, ...(attributes && { attributes }) })) {
    // Earlier versions noted late outcomes of shards that nobody had opened.
    if (has(item, 'updatedAt')) yield item;
  }
}
