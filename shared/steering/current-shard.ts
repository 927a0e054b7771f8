/**
 * The message that queues a shard again. What a packed manifest was unpacked into is written anew when
 * its run goes on, and may be another version of the same bytes then.
 */
import { stagingPrefix } from '../manifest/staging.ts';
import type { Shard } from '../manifest/types.ts';
import type { Objects } from '../objects/port.ts';

/** @throws StoreError */
export async function currentBody(shard: Shard, objects: Pick<Objects, 'head'>): Promise<string> {
  const { object, runId } = shard;
  const isOwn = object.key.startsWith(stagingPrefix(runId));
  const found = isOwn ? await objects.head(object.key) : undefined;
  return JSON.stringify(found ? { ...shard, object: { ...object, etag: found.etag } } : shard);
}
