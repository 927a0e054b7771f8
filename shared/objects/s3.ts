/**
 * The object store in a bucket: of S3, or of any store that speaks its language, so that buckets of
 * COS and OBS hold manifests too. Where the bucket keeps versions, every writing is another version;
 * else the same content written again is the same one.
 */

import { badKey, keyFault } from './keys.ts';
import type { ObjectInfo, Objects } from './port.ts';
import { type BucketOptions, createBucket } from './s3/bucket.ts';
import { listObjects } from './s3/listing.ts';
import { readObject } from './s3/reading.ts';
import { toVersion } from './s3/version.ts';
import { writeObject } from './s3/writing.ts';

/** Of a key in UTF-8. */
const MAX_KEY_BYTES = 1_024;

export function createS3Objects(options: BucketOptions): Objects {
  const bucket = createBucket(options);

  const check = (key: string): void => {
    const fault =
      keyFault(key) ??
      (Buffer.byteLength(key) > MAX_KEY_BYTES
        ? `expected at most ${MAX_KEY_BYTES} bytes`
        : undefined);
    if (fault !== undefined) throw badKey(key, fault);
  };

  const head = async (key: string): Promise<ObjectInfo | undefined> => {
    check(key);
    const { status, headers } = await bucket.ask({ method: 'HEAD', key, expected: [404] });
    if (status === 404) return undefined;
    return {
      key,
      sizeBytes: Number(headers['content-length']),
      etag: toVersion(headers),
      lastModifiedAt: new Date(headers['last-modified'] ?? Number.NaN),
    };
  };

  return {
    bucket: options.bucket,
    head,
    async *read(key, range = {}) {
      check(key);
      yield* readObject(bucket, key, range);
    },
    async put(key, content) {
      check(key);
      await writeObject(bucket, key, content);
      // The answer to writing tells no time.
      return (await head(key)) as ObjectInfo;
    },
    async *list(prefix) {
      for await (const info of listObjects(bucket, prefix)) {
        // Names that are no keys of ours were put there by somebody else.
        if (keyFault(info.key) === undefined) yield info;
      }
    },
    async remove(key) {
      check(key);
      await bucket.ask({ method: 'DELETE', key, expected: [404] });
    },
  };
}
