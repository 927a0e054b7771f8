/**
 * Writes list files to OBS as OMS wants them, `text/plain` and not encoded, with the keys of the
 * destination, and proves by HEAD that they lie there so.
 */
import { AwsError } from '../../lib/aws/errors.ts';
import { ProviderError, StoreError } from '../../lib/errors.ts';
import type { Fetch } from '../../lib/http.ts';
import { createBucket } from '../../lib/s3/bucket.ts';
import { writeObject } from '../../lib/s3/write.ts';
import { statusClass } from './errors.ts';
import type { OmsKeys } from './oms/start-request.ts';

export type ObsLists = ReturnType<typeof createObsLists>;

export interface ObsPlace {
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
}

interface ObsListsOptions {
  /** With `{bucket}` and `{region}`. */
  readonly endpoint: string;
  readonly fetch?: Fetch;
  readonly now?: () => Date;
}

/** Name of a list file in its folder; `index` from 0. */
export const listName = (index: number): string => `${String(index + 1).padStart(4, '0')}.txt`;

type Keys = Pick<OmsKeys, 'dstAk' | 'dstSk' | 'dstSecurityToken'>;

const TYPE = { 'content-type': 'text/plain' };

/** All throw ProviderError, StoreError. */
export function createObsLists({ endpoint, fetch, now }: ObsListsOptions) {
  const open = ({ region, bucket }: ObsPlace, { dstAk, dstSk, dstSecurityToken }: Keys) => {
    const sessionToken = dstSecurityToken !== undefined && { sessionToken: dstSecurityToken };
    const keys = { accessKeyId: dstAk, secretAccessKey: dstSk, ...sessionToken };
    return createBucket({
      bucket,
      config: { region, keys, endpoint },
      ...(fetch && { fetch }),
      ...(now && { now }),
    });
  };

  return {
    /** Its size; undefined when there is none. Shows a wrong key before anything is written with it. */
    async sizeOf(place: ObsPlace, keys: Keys): Promise<number | undefined> {
      const { status, headers } = await told(`looking for ${place.key}`, () =>
        open(place, keys).ask({ method: 'HEAD', key: place.key, expected: [404] }),
      );
      return status === 404 ? undefined : Number(headers['content-length']);
    },
    async remove(place: ObsPlace, keys: Keys): Promise<void> {
      const { key } = place;
      await told(`removing ${key}`, () =>
        open(place, keys).ask({ method: 'DELETE', key, expected: [404] }),
      );
    },
    /** @returns its size */
    async write(place: ObsPlace, content: AsyncIterable<string>, keys: Keys): Promise<number> {
      const { key } = place;
      const bucket = open(place, keys);
      return told(`writing ${key}`, async () => {
        const { sizeBytes } = await writeObject(bucket, key, content, TYPE);
        const { headers } = await bucket.ask({ method: 'HEAD', key });
        const { 'content-type': type = '', 'content-length': length } = headers;
        const encoding = headers['content-encoding'] ?? '';
        if (/^text\/plain$/i.test(type) && encoding === '' && Number(length) === sizeBytes) {
          return sizeBytes;
        }
        throw new StoreError(
          `OBS holds ${key} as ${type || 'no type'} ${encoding} with ${length} bytes; expected text/plain with ${sizeBytes}.`,
        );
      });
    },
  };
}

/** Refusals of OBS as those of the provider: its keys and bucket are not the object store's. */
async function told<Result>(doing: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    const refusal = error instanceof StoreError ? error.cause : undefined;
    if (!(refusal instanceof AwsError)) throw error;
    throw new ProviderError(`${doing}: ${refusal.message}`, {
      provider: 'huawei',
      providerCode: refusal.exception,
      status: refusal.status,
      class: statusClass(refusal.status),
    });
  }
}
