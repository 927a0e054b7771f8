/** Reads the AWS configuration from the variables that Lambda sets and every AWS tool knows. */
import type { EnvReader } from '../../lib/env.ts';
import { withoutUndefined } from '../../lib/values.ts';
import type { AwsStoresConfig } from '../../stores/aws/config.ts';

export interface SecretsConfig {
  /** Secrets of Secrets Manager, each a JSON object of variables. */
  readonly ids: readonly string[];
  /** The secret with the named credential sets. */
  readonly setsId?: string;
}

/** Undefined when no secret is named. */
export function secretsConfig(from: EnvReader): SecretsConfig | undefined {
  const ids = (from.optional('WAYBILL_SECRETS') ?? '')
    .split(',')
    .map((id) => id.trim())
    .filter(Boolean);
  const setsId = from.optional('WAYBILL_CREDENTIALS_SECRET');
  if (setsId !== undefined && from.optional('WAYBILL_CREDENTIALS_FILE') !== undefined) {
    from.fault('WAYBILL_CREDENTIALS_FILE', 'expected none beside WAYBILL_CREDENTIALS_SECRET');
  }
  return ids.length === 0 && setsId === undefined
    ? undefined
    : { ids, ...withoutUndefined({ setsId }) };
}

export function aws(from: EnvReader): AwsStoresConfig {
  const region = from.optional('AWS_REGION') ?? from.optional('AWS_DEFAULT_REGION');
  if (region === undefined || !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region)) {
    from.fault('AWS_REGION', 'expected a region such as ap-southeast-1');
  }
  const endpoint = from.optional('AWS_ENDPOINT_URL') && from.url('AWS_ENDPOINT_URL');
  return {
    region: region ?? '',
    keys: {
      accessKeyId: from.text('AWS_ACCESS_KEY_ID', 'the access key of an AWS identity'),
      secretAccessKey: from.text('AWS_SECRET_ACCESS_KEY', 'the secret key of an AWS identity'),
      ...withoutUndefined({ sessionToken: from.optional('AWS_SESSION_TOKEN') }),
    },
    retentionDays: from.integer('WAYBILL_RETENTION_DAYS', 90, 0, 3_650),
    ...withoutUndefined({
      endpoint: endpoint?.replace(/\/+$/, ''),
      sweepFunction: from.optional('WAYBILL_SWEEP_FUNCTION'),
      planFunction: from.optional('WAYBILL_PLAN_FUNCTION'),
      ownFunction: from.optional('AWS_LAMBDA_FUNCTION_NAME'),
    }),
  };
}
