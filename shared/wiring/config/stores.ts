/** Reads where the stores are: on this machine, on AWS, or in an S3-compatible bucket. */
import type { EnvReader } from '../../lib/env.ts';
import type { S3Config } from '../../lib/s3/bucket.ts';
import { type AwsStoresConfig, domainOf } from '../../stores/aws/config.ts';
import type { StoresConfig } from '../../stores/config.ts';
import { parseAddress } from '../../stores/postgres/address.ts';
import * as t from './tables.ts';

/** Secrets of Secrets Manager, and those that are documents of their own; undefined for none. */
export function secretsConfig(from: EnvReader) {
  const { ids, sets, sources } = from.read(t.SECRETS);
  for (const { file, secret } of [t.SETS, t.SOURCES]) {
    if (from.has(file[0]) && from.has(secret[0])) {
      from.fault(file[0], `expected none beside ${secret[0]}`);
    }
  }
  const documents = [sets, sources].filter((id) => id !== undefined);
  return ids.length === 0 && documents.length === 0 ? undefined : { ids, documents };
}

export const aws = (from: EnvReader): AwsStoresConfig => ({
  ...from.read(t.AWS),
  ...from.read(t.AWS_ENDPOINT),
  keys: from.read(t.AWS_KEYS),
});

export function stores(from: EnvReader): StoresConfig {
  const { metrics, ...config } = from.read(t.STORES);
  const { ledger, queue, objects } = config;
  for (const [field, { kind, place }] of Object.entries({ ledger, queue })) {
    const address = kind === 'postgres' ? parseAddress(place) : undefined;
    if (typeof address === 'string') from.fault(t.STORES[field as 'ledger' | 'queue'][0], address);
  }
  return {
    ...config,
    ...((ledger.kind === 'dynamodb' || queue.kind === 'sqs') && { aws: aws(from) }),
    ...(objects.kind === 's3' && { s3: s3(from, objects.place) }),
    ...(metrics === 'emf' && { metrics: from.read(t.STAGE) }),
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
    from.fault(t.STORES.objects[0], 'expected s3:<bucket>, 3 to 63 of a-z, 0-9, dot and hyphen');
  }
  const { region, endpoint } = from.read(t.S3);
  // An emulator's one address knows no buckets as hosts.
  const known = (): string =>
    from.read(t.AWS_ENDPOINT).endpoint ?? `https://{bucket}.s3.{region}.${domainOf(region ?? '')}`;
  return {
    region,
    // One set or the other, never halves of both.
    keys: from.read(from.has(...t.namesOf(t.S3_KEYS)) ? t.S3_KEYS : t.AWS_KEYS),
    endpoint: endpoint ?? known(),
  };
}
