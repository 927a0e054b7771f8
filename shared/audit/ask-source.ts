/** Asks the sources of an audit for checksums that their lists don't tell. */
import { AwsError } from '../lib/aws/errors.ts';
import { StoreError } from '../lib/errors.ts';
import { type Bucket, createBucket } from '../lib/s3/bucket.ts';
import { type ObjectHeaders, readObjectHeaders } from '../lib/s3/object-headers.ts';
import { parseSourceUrl } from '../manifest/sources/address.ts';
import type { SourceConfig } from '../manifest/sources/config.ts';
import { endpointOf } from '../manifest/sources/endpoints.ts';
import type { Sources } from '../manifest/sources/sources.ts';
import type { Askable } from './judge.ts';
import type { AuditedObject } from './object.ts';

export interface AskSource {
  /** What a HEAD could tell; undefined where no source is configured for the object. */
  askable(object: AuditedObject): Askable | undefined;
  /** Undefined when the source does not tell it. @throws StoreError that passes */
  head(object: AuditedObject): Promise<ObjectHeaders | undefined>;
}

/** Kinds of sources that tell a CRC-64 of the same polynomial as COS and OBS. */
const WITH_CRC64 = new Set<SourceConfig['kind']>(['oss', 'cos', 'obs', 'tos']);

/** @param onRequest hears of each HEAD */
export function createAskSource(sources: Sources, onRequest: () => void): AskSource {
  /** By the beginning of addresses, which a list has few of. */
  const known = new Map<string, Askable | undefined>();
  const buckets = new Map<string, Bucket>();

  const bucketOf = async (source: SourceConfig): Promise<Bucket> => {
    const opened = buckets.get(source.name);
    if (opened) return opened;
    const { bucket, region } = source;
    const keys = await sources.keys(source);
    const endpoint = endpointOf(source, keys !== undefined);
    const created = createBucket({ bucket, config: { region, endpoint, ...(keys && { keys }) } });
    buckets.set(source.name, created);
    return created;
  };

  return {
    askable({ url = '' }) {
      const [place = ''] = /^[^/]*\/\/[^/]*/.exec(url) ?? [];
      if (known.has(place)) return known.get(place);
      const source = sources.sourceOf(url);
      const askable = source && { crc64: WITH_CRC64.has(source.kind), md5: true };
      known.set(place, askable);
      return askable;
    },
    async head({ url = '' }) {
      const source = sources.sourceOf(url);
      const address = parseSourceUrl(url);
      if (!source || 'fault' in address) return undefined;
      const bucket = await bucketOf(source);
      onRequest();
      try {
        const { key } = address;
        const { status, headers } = await bucket.ask({ method: 'HEAD', key, expected: [404] });
        return status === 404 ? undefined : readObjectHeaders(headers);
      } catch (error) {
        const why = error instanceof StoreError ? error.cause : undefined;
        // Whoever may list need not be allowed to read.
        if (why instanceof AwsError && why.status >= 400 && why.status < 429) return undefined;
        throw error;
      }
    },
  };
}
