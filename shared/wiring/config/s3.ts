/** Reads the configuration of an S3-compatible bucket as object store (docs/configuration.md). */
import type { AwsKeys } from '../../lib/aws/keys.ts';
import type { EnvReader } from '../../lib/env.ts';
import type { S3Config } from '../../lib/s3/bucket.ts';
import { withoutUndefined } from '../../lib/values.ts';
import { domainOf } from '../../stores/aws/config.ts';

/**
 * Of AWS, COS and OBS alike; it becomes a part of a host or path.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * AWS's own variables where no others are given, so that on AWS nothing has to be set.
 * @param bucket as `WAYBILL_OBJECTS` names it
 */
export function s3(from: EnvReader, bucket: string): S3Config {
  if (bucket !== '' && !BUCKET.test(bucket)) {
    from.fault('WAYBILL_OBJECTS', 'expected s3:<bucket>, 3 to 63 of a-z, 0-9, dot and hyphen');
  }
  const region =
    from.optional('WAYBILL_S3_REGION') ??
    from.optional('AWS_REGION') ??
    from.optional('AWS_DEFAULT_REGION');
  if (region === undefined || !/^[a-z0-9-]{1,64}$/.test(region)) {
    from.fault(
      from.optional('WAYBILL_S3_REGION') === undefined ? 'AWS_REGION' : 'WAYBILL_S3_REGION',
      'expected a region such as ap-southeast-1',
    );
  }
  return { region: region ?? '', keys: keys(from), endpoint: endpoint(from, region ?? '') };
}

const OWN = ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN'] as const;

/** One set or the other, never halves of both. */
function keys(from: EnvReader): AwsKeys {
  const isOwn = OWN.some((name) => from.optional(`WAYBILL_S3_${name}`) !== undefined);
  const prefix = isOwn ? 'WAYBILL_S3' : 'AWS';
  return {
    accessKeyId: from.text(`${prefix}_ACCESS_KEY_ID`, 'the access key for the object store'),
    secretAccessKey: from.text(
      `${prefix}_SECRET_ACCESS_KEY`,
      'the secret key for the object store',
    ),
    ...withoutUndefined({ sessionToken: from.optional(`${prefix}_SESSION_TOKEN`) }),
  };
}

function endpoint(from: EnvReader, region: string): string {
  const name = 'WAYBILL_S3_ENDPOINT';
  const own = from.optional(name) !== undefined;
  // An emulator's one address knows no buckets as hosts.
  if (!own && from.optional('AWS_ENDPOINT_URL') !== undefined) {
    return from.url('AWS_ENDPOINT_URL').replace(/\/+$/, '');
  }
  const url = from.url(name, `https://{bucket}.s3.{region}.${domainOf(region)}`);
  if (/[?#@]|\{(?!bucket\}|region\})/.test(url)) {
    from.fault(name, 'expected an address with {bucket} and {region} at will, and nothing behind');
  }
  return url.replace(/\/+$/, '');
}
