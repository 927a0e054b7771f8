/** The shards of a manifest: the same version, cut in the same way, gives the same shards and line numbers. */

import type { Target } from '../ledger/manifest-lines.ts';
import type { Source } from '../ledger/model.ts';
import type { SameKey, Shard } from '../ledger/shard.ts';
import { readLayout } from '../manifest/detect-layout.ts';
import { parseManifestKey } from '../manifest/key.ts';
import { cutShards } from '../manifest/shards.ts';
import { unpackShards } from '../manifest/unpack.ts';
import type { ObjectInfo, Objects } from '../stores/objects.ts';

export type Cutting = SameKey & Required<Pick<Source, 'shardBytes'>> & Pick<Target, 'credentials'>;

/**
 * All shards and the bytes they tile; a packed manifest is unpacked into the store for it.
 * @throws InputError (MANIFEST_INVALID, MANIFEST_CHANGED); StoreError
 */
export async function cutManifest(
  runId: string,
  info: ObjectInfo,
  { credentials, shardBytes, onKeyExist, ignoreSameKey }: Cutting,
  objects: Pick<Objects, 'list' | 'put' | 'read' | 'remove'>,
): Promise<[readonly Shard[], number]> {
  const { target: place, layout: shape } = parseManifestKey(info.key);
  const target = { ...place, ...(credentials !== undefined && { credentials }) };
  const layout = await readLayout(objects, info, shape);
  const sameKey: SameKey = {
    ...(onKeyExist !== undefined && { onKeyExist }),
    ...(ignoreSameKey !== undefined && { ignoreSameKey }),
  };
  if (!layout.gzip) {
    const { key, etag, sizeBytes } = info;
    const object = { key, etag };
    const shards = [...cutShards({ runId, sizeBytes, shardBytes, target, layout, object })];
    return [shards.map((shard) => ({ ...shard, ...sameKey })), sizeBytes];
  }
  const unpacking = unpackShards({ objects, runId, source: info, target, layout, shardBytes });
  const shards = await Array.fromAsync(unpacking);
  return [shards.map((shard) => ({ ...shard, ...sameKey })), unpacking.sizeBytes];
}
