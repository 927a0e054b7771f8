/** Opens the list of a bucket for `waybill manifest`, by the sources of the environment. */
import type { Env } from '../../shared/lib/env.ts';
import { createLog } from '../../shared/lib/log.ts';
import { openBucketList } from '../../shared/manifest/sources/bucket-list.ts';
import { findBucket } from '../../shared/manifest/sources/find-bucket.ts';
import type { SourceList } from '../../shared/manifest/sources/object.ts';

/** @throws InputError, ConfigError, StoreError */
export async function openBucket(
  address: string,
  env: Env,
  lanes: number | undefined,
): Promise<{ readonly list: SourceList; readonly prefix: string }> {
  // Other commands start without the stores.
  const [{ sourcesConfig }, { openSources }] = await Promise.all([
    import('../../shared/wiring/config/functions.ts'),
    import('../../shared/wiring/documents.ts'),
  ]);
  const sources = await openSources(sourcesConfig(env), createLog({ level: 'silent' }));
  const { bucket, address: source, prefix } = await findBucket(sources, address);
  const list = openBucketList(bucket, source, { prefix, ...(lanes !== undefined && { lanes }) });
  return { list, prefix };
}
