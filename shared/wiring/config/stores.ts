/** Reads where the stores are: on this machine, on AWS, or in an S3-compatible bucket. */
import type { EnvReader } from '../../lib/env.ts';
import type { S3Config } from '../../lib/s3/bucket.ts';
import { withoutUndefined } from '../../lib/values.ts';
import { type AwsStoresConfig, domainOf } from '../../stores/aws/config.ts';
import type { StoresConfig } from '../../stores/config.ts';
import {
  AWS,
  AWS_ENDPOINT,
  AWS_KEYS,
  METRICS,
  namesOf,
  S3,
  S3_KEYS,
  SECRETS,
  SETS,
  STAGE,
  STORES,
} from './tables.ts';

/** Secrets of Secrets Manager and the one with the named credential sets; undefined for none. */
export function secretsConfig(from: EnvReader) {
  const { ids, setsId } = from.read(SECRETS);
  const [file] = SETS.file;
  if (setsId !== undefined && from.has(file)) {
    from.fault(file, 'expected none beside WAYBILL_CREDENTIALS_SECRET');
  }
  return ids.length === 0 && setsId === undefined
    ? undefined
    : { ids, ...withoutUndefined({ setsId }) };
}

export const aws = (from: EnvReader): AwsStoresConfig => ({
  ...from.read(AWS),
  ...from.read(AWS_ENDPOINT),
  keys: from.read(AWS_KEYS),
});

export function stores(from: EnvReader): StoresConfig {
  const config = from.read(STORES);
  const { ledger, queue, objects } = config;
  return {
    ...config,
    ...((ledger.kind === 'dynamodb' || queue.kind === 'sqs') && { aws: aws(from) }),
    ...(objects.kind === 's3' && { s3: s3(from, objects.place) }),
    ...(from.read(METRICS).kind === 'emf' && { metrics: from.read(STAGE) }),
  };
}

/**
 * Of AWS, COS and OBS alike; it becomes a part of a host or path.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** AWS's own variables where no others are given, so that on AWS nothing has to be set. */
function s3(from: EnvReader, bucket: string): S3Config {
  if (!BUCKET.test(bucket)) {
    from.fault(STORES.objects[0], 'expected s3:<bucket>, 3 to 63 of a-z, 0-9, dot and hyphen');
  }
  const { region, endpoint } = from.read(S3);
  // An emulator's one address knows no buckets as hosts.
  const known = (): string =>
    from.read(AWS_ENDPOINT).endpoint ?? `https://{bucket}.s3.{region}.${domainOf(region ?? '')}`;
  return {
    region,
    // One set or the other, never halves of both.
    keys: from.read(from.has(...namesOf(S3_KEYS)) ? S3_KEYS : AWS_KEYS),
    endpoint: endpoint ?? known(),
  };
}
