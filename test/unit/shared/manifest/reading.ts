/** Reads whole manifests through shards, as a run does. */

import type { Layout, PlannedTransfer } from '../../../../shared/ledger/manifest-lines.ts';
import type { Shard } from '../../../../shared/ledger/shard.ts';
import type { Tally } from '../../../../shared/ledger/tally.ts';
import { readLayout } from '../../../../shared/manifest/detect-layout.ts';
import type { Quarantined } from '../../../../shared/manifest/findings.ts';
import {
  createShardReader,
  cutShards,
  type ShardReading,
} from '../../../../shared/manifest/shards.ts';
import type { ObjectInfo } from '../../../../shared/stores/objects.ts';
import type { CountingStore } from './store.ts';

export const target = { region: 'ap-shanghai', bucket: 'examplebucket-1250000000' };

export interface Read {
  readonly transfers: readonly PlannedTransfer[];
  readonly quarantined: readonly Quarantined[];
  readonly reading: ShardReading;
}

export async function readShard(
  store: CountingStore,
  shard: Shard,
  allowHttps = false,
): Promise<Read> {
  const reading = createShardReader({ objects: store, allowHttps })(shard);
  const transfers = (await Array.fromAsync(reading)).flat();
  return { transfers, quarantined: reading.quarantined, reading };
}

/** What a run knows once all shards are read, with lines counted from 0 in the whole manifest. */
export interface Whole {
  readonly lines: readonly string[];
  readonly tallies: readonly Tally[];
}

export async function readAll(store: CountingStore, shards: Iterable<Shard>): Promise<Whole> {
  const lines: string[] = [];
  const tallies: Tally[] = [];
  let before = 0;
  for (const shard of shards) {
    const { transfers, quarantined, reading } = await readShard(store, shard);
    const found = [
      ...transfers.map(({ line, url, key, md5 }) => [before + line, url, key, md5] as const),
      ...quarantined.map(
        ({ line, byteOffset, reason, text }) => [before + line, byteOffset, reason, text] as const,
      ),
    ].sort(([a], [b]) => a - b);
    lines.push(...found.map((entry) => JSON.stringify(entry)));
    tallies.push(reading.tally);
    before += reading.tally.lines;
  }
  return { lines, tallies };
}

/** Stores a plain manifest and cuts it. */
export async function plan(
  store: CountingStore,
  content: string | Uint8Array,
  shardBytes?: number,
  format: Layout['format'] = 'csv',
): Promise<{ info: ObjectInfo; layout: Layout; shards: Shard[] }> {
  const info = await store.put(`manifest.${format}`, content);
  const layout = await readLayout(store, info, { format, gzip: false });
  return { info, layout, shards: cut(info, layout, shardBytes) };
}

export function cut(info: ObjectInfo, layout: Layout, shardBytes?: number): Shard[] {
  const { key, etag, sizeBytes } = info;
  const size = shardBytes === undefined ? {} : { shardBytes };
  const object = { key, etag };
  return [...cutShards({ runId: 'r1', sizeBytes, ...size, target, layout, object })];
}

/** Reads one CSV line, or several, as a manifest without a header. */
export async function readText(
  store: CountingStore,
  content: string | Uint8Array,
  { format = 'csv', allowHttps = false }: { format?: Layout['format']; allowHttps?: boolean } = {},
): Promise<Read> {
  const { shards } = await plan(store, content, 1e9, format);
  return readShard(store, shards[0] as Shard, allowHttps);
}
