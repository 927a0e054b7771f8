/** What calling AWS takes, from the variables that Lambda sets and every AWS tool knows. */
import type { EnvReader } from './env.ts';
import { present } from './present.ts';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsConfig {
  readonly region: string;
  readonly keys: AwsKeys;
  /** In place of every service's own address: emulators, private links. */
  readonly endpoint?: string;
}

/** What is kept where, and who else is there, besides. */
export interface AwsStoresConfig extends AwsConfig {
  /** How long the ledger keeps an ended run; 0 is for ever. */
  readonly retentionDays: number;
  /** Name of the deployed sweeper, for whoever wakes it. */
  readonly sweepFunction?: string;
  /** Name of the deployed planner, for whoever has no time to plan. */
  readonly planFunction?: string;
}

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
  return ids.length === 0 && setsId === undefined ? undefined : { ids, ...present({ setsId }) };
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
      ...present({ sessionToken: from.optional('AWS_SESSION_TOKEN') }),
    },
    retentionDays: from.integer('WAYBILL_RETENTION_DAYS', 90, 0, 3_650),
    ...present({
      endpoint: endpoint?.replace(/\/+$/, ''),
      sweepFunction: from.optional('WAYBILL_SWEEP_FUNCTION'),
      planFunction: from.optional('WAYBILL_PLAN_FUNCTION'),
    }),
  };
}
