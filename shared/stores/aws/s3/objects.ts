/**
 * The object store in a bucket of S3 or of any S3-compatible store, so buckets of COS and OBS can
 * hold manifests too. With versioning, every write is a new version; without it, the same content
 * written again is the same version.
 */
import { InputError, StoreError } from '../../../lib/errors.ts';
import { parseHttpDate } from '../../../lib/http-date.ts';
import { type BucketOptions, createBucket } from '../../../lib/s3/bucket.ts';
import { listPages } from '../../../lib/s3/list.ts';
import { toVersion } from '../../../lib/s3/version.ts';
import { writeObject } from '../../../lib/s3/write.ts';
import { badKey, keyFault } from '../../object-keys.ts';
import type { ObjectInfo, Objects } from '../../objects.ts';
import { readObject } from './read.ts';

/** Of a key in UTF-8. */
const MAX_KEY_BYTES = 1_024;

export function createS3Objects(options: BucketOptions): Objects {
  const bucket = createBucket(options);
  const { now = () => new Date() } = options;

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
    const { 'content-length': length, 'last-modified': modified } = headers;
    const [etag, lastModifiedAt] = [toVersion(headers), parseHttpDate(modified, now())];
    if (length === undefined || etag === '' || !lastModifiedAt) {
      throw new StoreError(`The object store returned no size, ETag or time of ${key}.`);
    }
    return { key, sizeBytes: Number(length), etag, lastModifiedAt };
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
      const { etag, sizeBytes } = await writeObject(bucket, key, content);
      // The answer to writing tells no time. By now somebody else may have written, or removed it.
      const found = await head(key);
      const isOurs = found !== undefined && (etag === '' || found.etag === etag);
      return isOurs ? found : { key, sizeBytes, etag, lastModifiedAt: now() };
    },
    async *list(prefix) {
      try {
        for await (const { objects } of listPages(bucket, { prefix })) {
          for (const { key, sizeBytes, etag, modified } of objects) {
            // Names that are no keys of ours were put there by somebody else.
            if (keyFault(key) !== undefined) continue;
            const lastModifiedAt = new Date(modified);
            yield { key, sizeBytes: Number(sizeBytes || Number.NaN), etag, lastModifiedAt };
          }
        }
      } catch (error) {
        throw error instanceof InputError ? new StoreError(error.message, error) : error;
      }
    },
    async remove(key) {
      check(key);
      await bucket.ask({ method: 'DELETE', key, expected: [404] });
    },
  };
}
