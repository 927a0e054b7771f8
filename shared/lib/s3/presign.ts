/**
 * Makes presigned URLs, by which a caller without keys may read or write one object.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import { AwsV4Signer } from 'aws4fetch';
import { wirePath } from '../http.ts';
import { placeOf, type S3Config } from './bucket.ts';

export interface PresignOptions {
  readonly bucket: string;
  readonly config: S3Config;
  readonly now?: () => Date;
}

/** A request may begin so long after it was allowed. */
const LASTS_SECONDS = 900;

/** The address of an object, for a quarter of an hour. @param key decoded, already checked */
export async function presign(
  method: 'GET' | 'PUT',
  key: string,
  { bucket, config, now = () => new Date() }: PresignOptions,
): Promise<string> {
  const { keys, region } = config;
  const { origin, base } = placeOf(bucket, config);
  const path = wirePath({ path: `${base}/${key}`, query: [] });
  const signer = new AwsV4Signer({
    method,
    url: `${origin}${path}?X-Amz-Expires=${LASTS_SECONDS}`,
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken !== undefined && { sessionToken: keys.sessionToken }),
    service: 's3',
    region,
    signQuery: true,
    datetime: now()
      .toISOString()
      .replace(/[:-]|\.\d{3}/g, ''),
  });
  return (await signer.sign()).url.toString();
}

/** Where such addresses are. */
export const uploadOrigin = ({ bucket, config }: PresignOptions): string =>
  placeOf(bucket, config).origin;
