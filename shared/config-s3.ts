/** An S3-compatible bucket as object store, from the environment (docs/configuration.md). */

import { domainOf } from './aws/domain.ts';
import type { AwsKeys } from './config-aws.ts';
import type { EnvReader } from './env.ts';
import { present } from './present.ts';

export interface S3Config {
  readonly region: string;
  readonly keys: AwsKeys;
  /** Holds `{bucket}` for the virtual-host style; without it the bucket is the path's first part. */
  readonly endpoint: string;
}

/** AWS's own variables where no others are given, so that on AWS nothing has to be set. */
export function s3(from: EnvReader): S3Config {
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

function keys(from: EnvReader): AwsKeys {
  const own =
    from.optional('WAYBILL_S3_ACCESS_KEY_ID') ?? from.optional('WAYBILL_S3_SECRET_ACCESS_KEY');
  const prefix = own === undefined ? 'AWS' : 'WAYBILL_S3';
  return {
    accessKeyId: from.text(`${prefix}_ACCESS_KEY_ID`, 'the access key for the object store'),
    secretAccessKey: from.text(
      `${prefix}_SECRET_ACCESS_KEY`,
      'the secret key for the object store',
    ),
    ...present({ sessionToken: from.optional(`${prefix}_SESSION_TOKEN`) }),
  };
}

function endpoint(from: EnvReader, region: string): string {
  // An emulator's one address knows no buckets as hosts.
  const fallback =
    from.optional('AWS_ENDPOINT_URL') ?? `https://{bucket}.s3.{region}.${domainOf(region)}`;
  return from.url('WAYBILL_S3_ENDPOINT', fallback).replace(/\/+$/, '');
}
