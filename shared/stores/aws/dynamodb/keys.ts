/**
 * The keys of the DynamoDB table (docs/ledger.md). A run and its shards share one partition, which
 * gets a few writes per shard. Transfers get a write each, so they have partitions of their own: four
 * for each shard, so that 1,000 objects a second from one worker are 250 writes to each.
 */
import type { TransferPlace } from '../../../ledger/model.ts';
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** Partitions of a shard's transfers. Fixed for ever: rows are found by it. */
export const PARTS: readonly number[] = [0, 1, 2, 3];

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');

export const runPartition = (runId: string): string => `run#${runId}`;

export const runKey = (runId: string): Key => ({ pk: runPartition(runId), sk: 'run' });

/** Shard numbers have at most nine digits (`parseTransferId`). */
export const MAX_SHARD = 999_999_999;

export const shardSort = (shard: number): string => `shard#${padded(shard, 9)}`;

export const shardIndex = (sort: string): number => Number(sort.slice(-9));

/** Shards that one roll-up stands for. Fixed for ever: their counts are found by it. */
export const ROLLUP_SHARDS = 100;

/** The first shard of the roll-up that holds the counts of a shard. */
export const firstOf = (shard: number): number => shard - (shard % ROLLUP_SHARDS);

export const rollupSort = (shard: number): string =>
  `rollup#${padded(Math.floor(shard / ROLLUP_SHARDS), 7)}`;

export const rollupIndex = (sort: string): number => Number(sort.slice(-7));

/** Of the roll-up that holds the counts of a shard. */
export const rollupKey = (runId: string, shard: number): Key => ({
  pk: runPartition(runId),
  sk: rollupSort(shard),
});

export const shardKey = (runId: string, shard: number): Key => ({
  pk: runPartition(runId),
  sk: shardSort(shard),
});

/** Lines whose acceptances are packed together. Fixed for ever: packs are found by it. */
export const PACK_LINES = 256;

export const packPartition = (runId: string, shard: number): string => `accepted#${runId}#${shard}`;

/** Of the pack of a block that begins with line `first`; without it, before all packs of the block. */
export const packSort = (line: number, first?: number): string => {
  const block = padded(Math.floor(line / PACK_LINES), 8);
  return first === undefined ? block : `${block}#${lineSort(first)}`;
};

/** Line numbers have at most ten digits (`parseTransferId`). */
export const MAX_LINE = 9_999_999_999;

export const lineSort = (line: number): string => padded(line, 10);

export const transferPartition = (runId: string, shard: number, part: number): string =>
  `transfer#${runId}#${shard}#${part}`;

export const transferKey = ({ runId, shard, line }: TransferPlace): Key => ({
  pk: transferPartition(runId, shard, line % PARTS.length),
  sk: lineSort(line),
});

export const noteKey = (kind: 'claim' | 'lease' | 'night' | 'note', name: string): Key => ({
  pk: `${kind}#${name}`,
  sk: kind,
});

export const migrationKey = (migrationId: string): Key => ({
  pk: `migration#${migrationId}`,
  sk: 'migration',
});

/** Of the entries of one run or migration, or of those of none. */
export const auditPartition = (subject = ''): string => `audit#${subject}`;

/** Sorts runs and migrations by their creation; the id settles ties. */
export const createdSort = (createdAtMs: number, runId: string): string =>
  `${padded(createdAtMs, 15)}#${runId}`;
