/**
 * Makes presigned URLs, by which a caller without keys may read or write one object.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import { AwsV4Signer } from 'aws4fetch';
import type { AwsKeys } from '../aws/keys.ts';
import { wirePath } from '../http.ts';
import { placeOf, type S3Config } from './bucket.ts';

interface Presigned {
  /** It is signed: an address for GET is refused to HEAD. */
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly origin: string;
  /** Decoded, exact: dot segments and double slashes stay as they are. */
  readonly path: string;
  readonly region: string;
  readonly keys: AwsKeys;
  /** How long it is good from `at` on, 1 to 604,800. */
  readonly seconds: number;
  readonly at: Date;
  /** Derived keys, where many are signed. */
  readonly cache?: Map<string, ArrayBuffer>;
}

/** Signs the address of one object. */
export async function presignUrl(options: Presigned): Promise<string> {
  const { at, cache, keys, method, origin, region, seconds } = options;
  const signer = new AwsV4Signer({
    method,
    url: `${origin}/?X-Amz-Expires=${seconds}`,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken !== undefined && { sessionToken: keys.sessionToken }),
    ...(cache && { cache }),
    service: 's3',
    region,
    signQuery: true,
    datetime: at.toISOString().replace(/[:-]|\.\d{3}/g, ''),
  });
  // Given here, as a URL object would resolve dot segments.
  signer.encodedPath = wirePath({ path: options.path, query: [] });
  const { encodedPath, encodedSearch, url } = signer;
  const signature = await signer.signature();
  return `${url.origin}${encodedPath}?${encodedSearch}&X-Amz-Signature=${signature}`;
}

interface PresignOptions {
  readonly bucket: string;
  readonly config: S3Config;
  readonly now?: () => Date;
}

/** A request may begin so long after it was allowed. */
const LASTS_SECONDS = 900;

/** The address of an object of the store, for a quarter of an hour. @param key decoded, already checked */
export function presign(
  method: 'GET' | 'PUT',
  key: string,
  { bucket, config, now = () => new Date() }: PresignOptions,
): Promise<string> {
  const { keys, region } = config;
  const { origin, base } = placeOf(bucket, config);
  const path = `${base}/${key}`;
  return presignUrl({ method, origin, path, region, keys, seconds: LASTS_SECONDS, at: now() });
}

/** Where such addresses are. */
export const uploadOrigin = ({ bucket, config }: PresignOptions): string =>
  placeOf(bucket, config).origin;
