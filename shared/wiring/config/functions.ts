/**
 * Reads each function's typed options from the environment (docs/configuration.md). All faults are
 * listed at once, by variable. A function reads only its own part, so no function needs another
 * one's secrets.
 */
import type { Env, EnvReader } from '../../lib/env.ts';
import { LOG_LEVELS } from '../../lib/log.ts';
import { withoutUndefined } from '../../lib/values.ts';
import type { HuaweiConfig } from '../../providers/huawei/config.ts';
import type { BatchConfig, CosConfig } from '../../providers/tencent/config.ts';
import type { WebhookConfig } from '../../reporting/webhooks/message.ts';
import type { CallbackKey } from '../../signing/callback-token.ts';
import type { StoresConfig } from '../../stores/config.ts';
import { aws } from './aws.ts';
import { hasHuawei, huawei } from './huawei.ts';
import { readEnv } from './names.ts';
import { s3 } from './s3.ts';
import { webhookConfig } from './webhooks.ts';

export interface CosFetchConfig extends StoresConfig {
  readonly cos: CosConfig;
  readonly onKeyExist: 'ignore' | 'override';
  readonly publicUrl: string;
  readonly callbackKeys: readonly CallbackKey[];
  readonly settleMs: number;
  readonly allowHttps: boolean;
}

export interface PlanConfig extends StoresConfig {
  readonly shardBytes: number;
}

export interface CallbackConfig extends StoresConfig {
  readonly callbackKeys: readonly CallbackKey[];
  readonly verify: 'none' | 'failures' | 'all';
  /** Present unless `verify` is `none`. */
  readonly cos?: CosConfig;
  /** Present when topics are configured. */
  readonly smn?: { readonly topics: readonly string[]; readonly endpoint: string };
}

export interface BatchJobConfig extends Omit<RunsConfig, 'allowHttps' | 'dashboard'> {
  readonly batch: BatchConfig;
}

export interface OmsStartConfig extends Omit<RunsConfig, 'allowHttps' | 'dashboard'> {
  readonly huawei: HuaweiConfig;
  readonly settleMs: number;
}

export interface NightlyConfig extends StoresConfig {
  /** Present when the provider is configured. */
  readonly huawei?: HuaweiConfig;
  readonly maxNights: number;
  readonly shardBytes: number;
  readonly settleMs: number;
}

export interface SweepConfig extends StoresConfig {
  /** Present for each provider that is configured; Tencent's faults are told when none is. */
  readonly cos?: CosConfig;
  readonly batch?: BatchConfig;
  readonly huawei?: HuaweiConfig;
  readonly lostAfterMs: number;
  readonly settleMs: number;
  /** An active run in which nothing moves for so long counts as stuck. */
  readonly stuckAfterMs: number;
  /** Submissions of one transfer within a run, before only a person or the nightly pass tries again. */
  readonly maxAttempts: number;
  /** As `CosFetchConfig` has it: what was not sent is read in the same way. */
  readonly allowHttps: boolean;
  /** Who is told of what happened. */
  readonly webhooks?: WebhookConfig;
}

export interface RunsConfig extends StoresConfig {
  /** Plain tokens, or SHA-256 as 64 hex digits after `sha256:`. */
  readonly apiTokens: readonly string[];
  readonly allowHttps: boolean;
  /** Folder of the built dashboard. */
  readonly dashboard: string;
}

export const storesConfig = (env: Env): StoresConfig => readEnv(env, stores);

export const planConfig = (env: Env): PlanConfig =>
  readEnv(env, (from) => ({
    ...stores(from),
    shardBytes: shardBytes(from),
  }));

export const cosFetchConfig = (env: Env): CosFetchConfig =>
  readEnv(env, (from) => ({
    ...stores(from),
    cos: cos(from),
    onKeyExist: from.choice('WAYBILL_ON_KEY_EXIST', ['override', 'ignore']),
    publicUrl: from.url('WAYBILL_PUBLIC_URL').replace(/\/+$/, ''),
    callbackKeys: callbackKeys(from),
    settleMs: settleMs(from),
    allowHttps: from.flag('WAYBILL_ALLOW_HTTPS', false),
  }));

export const callbackConfig = (env: Env): CallbackConfig =>
  readEnv(env, (from) => {
    const verify = from.choice('WAYBILL_VERIFY', ['failures', 'all', 'none']);
    return {
      ...stores(from),
      callbackKeys: callbackKeys(from),
      verify,
      // Without Tencent there are no callbacks to confirm.
      ...(verify === 'none' || (!hasTencent(from) && hasHuawei(from)) ? {} : { cos: cos(from) }),
      ...(from.optional('WAYBILL_SMN_TOPICS') && { smn: smn(from) }),
    };
  });

export const batchJobConfig = (env: Env): BatchJobConfig =>
  readEnv(env, (from) => ({
    ...stores(from),
    apiTokens: apiTokens(from),
    batch: batch(from, cos(from)),
  }));

export const omsStartConfig = (env: Env): OmsStartConfig =>
  readEnv(env, (from) => ({
    ...stores(from),
    apiTokens: apiTokens(from),
    huawei: huawei(from),
    settleMs: settleMs(from),
  }));

export const nightlyConfig = (env: Env): NightlyConfig =>
  readEnv(env, (from) => ({
    ...stores(from),
    ...(hasHuawei(from) && { huawei: huawei(from) }),
    maxNights: from.integer('WAYBILL_MAX_NIGHTS', 5, 1, 365),
    shardBytes: shardBytes(from),
    settleMs: settleMs(from),
  }));

export const sweepConfig = (env: Env): SweepConfig =>
  readEnv(env, (from) => ({
    ...stores(from),
    ...providers(from),
    lostAfterMs: 1_000 * from.integer('WAYBILL_LOST_AFTER_SECONDS', 900, 1, 604_800),
    settleMs: settleMs(from),
    stuckAfterMs: 1_000 * from.integer('WAYBILL_STUCK_AFTER_SECONDS', 21_600, 60, 2_592_000),
    allowHttps: from.flag('WAYBILL_ALLOW_HTTPS', false),
    maxAttempts: from.integer('WAYBILL_MAX_ATTEMPTS', 3, 1, 100),
    ...withoutUndefined({ webhooks: webhookConfig(from) }),
  }));

export const runsConfig = (env: Env): RunsConfig =>
  readEnv(env, (from) => ({
    ...stores(from),
    apiTokens: apiTokens(from),
    allowHttps: from.flag('WAYBILL_ALLOW_HTTPS', false),
    dashboard: from.optional('WAYBILL_DASHBOARD') ?? '.build/dashboard',
  }));

function stores(from: EnvReader): StoresConfig {
  const sqlite = 'sqlite:./data/waybill.db';
  const ledger = from.store('WAYBILL_LEDGER', sqlite, ['sqlite', 'dynamodb']);
  const queue = from.store('WAYBILL_QUEUE', sqlite, ['sqlite', 'sqs']);
  const objects = from.store('WAYBILL_OBJECTS', 'folder:./data/objects', ['folder', 's3']);
  const metrics = from.choice('WAYBILL_METRICS', ['none', 'emf']);
  const onAws = ledger.kind === 'dynamodb' || queue.kind === 'sqs';
  return {
    ledger,
    queue,
    objects,
    ...(onAws && { aws: aws(from) }),
    ...(objects.kind === 's3' && { s3: s3(from, objects.place) }),
    ...(metrics === 'emf' && { metrics: { stage: from.text('WAYBILL_STAGE', 'the stage') } }),
    logLevel: from.choice('LOG_LEVEL', ['info', ...LOG_LEVELS.filter((level) => level !== 'info')]),
  };
}

function cos(from: EnvReader): CosConfig {
  return {
    credentials: from.keyPair({
      secretId: ['TENCENTCLOUD_SECRET_ID', 'the SecretId of a Tencent Cloud key pair'],
      secretKey: ['TENCENTCLOUD_SECRET_KEY', 'the SecretKey of a Tencent Cloud key pair'],
      securityToken: 'TENCENTCLOUD_SECURITY_TOKEN',
    }),
    migrationEndpoint: from.url(
      'WAYBILL_COS_MIGRATION_ENDPOINT',
      'http://{region}.migration.myqcloud.com',
    ),
    objectsEndpoint: from.url('WAYBILL_COS_ENDPOINT', 'https://{bucket}.cos.{region}.myqcloud.com'),
    limits: {
      requestsPerSecond: from.integer('WAYBILL_COS_FETCH_RPS', 100, 1, 1_000_000),
      inFlight: from.integer('WAYBILL_COS_FETCH_IN_FLIGHT', 50, 1, 10_000),
    },
  };
}

function smn(from: EnvReader): NonNullable<CallbackConfig['smn']> {
  const expected = 'urn:smn:<region>:<project>:<topic>, separated by commas';
  const topics = from
    .text('WAYBILL_SMN_TOPICS', expected)
    .split(',')
    .map((topic) => topic.trim())
    .filter(Boolean);
  if (!topics.every((topic) => /^urn:smn:[a-z0-9-]+:[^:]+:[^:]+$/.test(topic))) {
    from.fault('WAYBILL_SMN_TOPICS', `expected ${expected}`);
  }
  const endpoint = from.url('WAYBILL_SMN_ENDPOINT', 'https://smn.{region}.myhuaweicloud.com');
  return { topics, endpoint: endpoint.replace(/\/+$/, '') };
}

/** Each provider that is configured. */
function providers(from: EnvReader): Pick<SweepConfig, 'cos' | 'batch' | 'huawei'> {
  const tencent = hasTencent(from) || !hasHuawei(from) ? cos(from) : undefined;
  return {
    ...(tencent && { cos: tencent }),
    ...(tencent && from.optional('TENCENTCLOUD_UIN') && { batch: batch(from, tencent) }),
    ...(hasHuawei(from) && { huawei: huawei(from) }),
  };
}

/** Whether any of the provider's own variables is set. */
export const hasTencent = (from: EnvReader): boolean =>
  ['TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY'].some(
    (name) => from.optional(name) !== undefined,
  );

function batch(from: EnvReader, tencent: CosConfig): BatchConfig {
  const [uin, appId] = [
    from.text('TENCENTCLOUD_UIN', 'the UIN of the account, digits'),
    from.text('TENCENTCLOUD_APP_ID', 'the APPID of the account, digits'),
  ];
  if (uin !== '' && !/^\d{1,20}$/.test(uin)) from.fault('TENCENTCLOUD_UIN', 'expected digits');
  if (appId !== '' && !/^\d{1,20}$/.test(appId))
    from.fault('TENCENTCLOUD_APP_ID', 'expected digits');
  return {
    cos: tencent,
    uin,
    appId,
    endpoint: from.url(
      'WAYBILL_COS_CONTROL_ENDPOINT',
      'https://{uin}.cos-control.{region}.myqcloud.com',
    ),
    limits: { requestsPerSecond: from.integer('WAYBILL_BATCH_RPS', 5, 1, 10_000), inFlight: 4 },
  };
}

const shardBytes = (from: EnvReader): number =>
  from.integer('WAYBILL_SHARD_BYTES', 262_144, 1_024, 67_108_864);

const settleMs = (from: EnvReader): number =>
  1_000 * from.integer('WAYBILL_SETTLE_SECONDS', 60, 0, 86_400);

function callbackKeys(from: EnvReader): readonly CallbackKey[] {
  const expected =
    'kid:secret[,kid:secret], kid 1 to 16 of A-Z a-z 0-9, secret at least 16 characters';
  const pairs = from.text('WAYBILL_CALLBACK_KEYS', expected).split(',').filter(Boolean);
  const keys = pairs.map((pair) => {
    const at = pair.indexOf(':');
    return { kid: pair.slice(0, Math.max(at, 0)).trim(), secret: pair.slice(at + 1).trim() };
  });
  const good = keys.every(
    ({ kid, secret }) => /^[A-Za-z0-9]{1,16}$/.test(kid) && secret.length >= 16,
  );
  if (!good) from.fault('WAYBILL_CALLBACK_KEYS', `expected ${expected}`);
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) {
    from.fault('WAYBILL_CALLBACK_KEYS', 'expected every kid once');
  }
  return keys;
}

function apiTokens(from: EnvReader): readonly string[] {
  const expected = 'comma-separated tokens of at least 16 characters, or sha256:<64 hex digits>';
  const tokens = from
    .text('WAYBILL_API_TOKENS', expected)
    .split(',')
    .map((token) => token.trim())
    .filter(Boolean);
  const good = tokens.every((token) =>
    token.startsWith('sha256:') ? /^sha256:[0-9a-f]{64}$/i.test(token) : token.length >= 16,
  );
  if (!good) from.fault('WAYBILL_API_TOKENS', `expected ${expected}`);
  return tokens;
}
