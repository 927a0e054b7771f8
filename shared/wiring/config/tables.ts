/**
 * All variables of Waybill, one table per part: name and schema of each field. `texts.ts` says what
 * they are for, apart from here because every function carries these; docs/configuration.md is made
 * from both.
 */
import * as v from 'valibot';
import {
  address,
  choice,
  endpoint,
  flag,
  integer,
  list,
  maybe,
  seconds,
  store,
  type Table,
  table,
  text,
} from '../../lib/env.ts';
import { PROJECT_ID, REGION } from '../../providers/huawei/config.ts';
import { callbackKeys, omsProjects, webhookSecrets, webhookUrl } from './schemas.ts';

const SQLITE = 'sqlite:./data/waybill.db';
const AWS_REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;
const DIGITS = /^\d{1,20}$/;
const TOKEN = /^sha256:[0-9a-f]{64}$|^(?!sha256:).{16,}$/i;

/** Of the embedded service alone. */
export const SERVICE = table({
  folder: ['WAYBILL_DATA', v.optional(text('a folder'), './data')],
  host: ['WAYBILL_HOST', v.optional(text('a host'), '127.0.0.1')],
  port: ['PORT', integer(8_787, 0, 65_535)],
  pumpConcurrency: ['WAYBILL_PUMP_CONCURRENCY', integer(4, 1, 64)],
  sweepMs: ['WAYBILL_SWEEP_SECONDS', seconds(300, 1, 86_400)],
  retryCron: ['WAYBILL_RETRY_CRON', v.optional(text('a schedule'), '0 2 * * *')],
});

/** Of the command line alone. */
const CLI = table({
  url: ['WAYBILL_URL', v.optional(address(), 'http://127.0.0.1:8787')],
  token: ['WAYBILL_TOKEN', maybe()],
});

/** Of every function. */
export const STORES = table({
  ledger: ['WAYBILL_LEDGER', store(SQLITE, 'sqlite', 'dynamodb')],
  queue: ['WAYBILL_QUEUE', store(SQLITE, 'sqlite', 'sqs')],
  objects: ['WAYBILL_OBJECTS', store('folder:./data/objects', 'folder', 's3')],
  logLevel: ['LOG_LEVEL', choice('info', 'debug', 'warn', 'error', 'silent')],
});

export const METRICS = table({ kind: ['WAYBILL_METRICS', choice('none', 'emf')] });
export const STAGE = table({ stage: ['WAYBILL_STAGE', text('the stage')] });

export const AWS_KEYS = table({
  accessKeyId: ['AWS_ACCESS_KEY_ID', text('the access key of an AWS identity')],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY', text('the secret key of an AWS identity')],
  sessionToken: ['AWS_SESSION_TOKEN', maybe()],
});

export const AWS_ENDPOINT = table({ endpoint: ['AWS_ENDPOINT_URL', v.exactOptional(address())] });

export const AWS = table({
  region: ['AWS_REGION', text('a region such as ap-southeast-1', AWS_REGION), 'AWS_DEFAULT_REGION'],
  retentionDays: ['WAYBILL_RETENTION_DAYS', integer(90, 0, 3_650)],
  sweepFunction: ['WAYBILL_SWEEP_FUNCTION', maybe()],
  planFunction: ['WAYBILL_PLAN_FUNCTION', maybe()],
  ownFunction: ['AWS_LAMBDA_FUNCTION_NAME', maybe()],
});

export const SECRETS = table({
  ids: ['WAYBILL_SECRETS', v.optional(list('names of secrets', /./, 0), '')],
  setsId: ['WAYBILL_CREDENTIALS_SECRET', maybe()],
});

export const S3_KEYS = table({
  accessKeyId: ['WAYBILL_S3_ACCESS_KEY_ID', text('the access key for the object store')],
  secretAccessKey: ['WAYBILL_S3_SECRET_ACCESS_KEY', text('the secret key for the object store')],
  sessionToken: ['WAYBILL_S3_SESSION_TOKEN', maybe()],
});

export const S3 = table({
  region: [
    'WAYBILL_S3_REGION',
    text('a region such as ap-southeast-1', /^[a-z0-9-]{1,64}$/),
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
  ],
  endpoint: ['WAYBILL_S3_ENDPOINT', v.exactOptional(address('{bucket}', '{region}'))],
});

export const API = table({
  apiTokens: [
    'WAYBILL_API_TOKENS',
    list('comma-separated tokens of at least 16 characters, or sha256:<64 hex digits>', TOKEN),
  ],
});

export const WEBHOOKS = table({
  url: ['WAYBILL_WEBHOOK_URL', webhookUrl],
  secrets: ['WAYBILL_WEBHOOK_SECRETS', webhookSecrets],
});

const allowHttps = ['WAYBILL_ALLOW_HTTPS', flag] as const;
const keys = ['WAYBILL_CALLBACK_KEYS', callbackKeys] as const;
const settleMs = ['WAYBILL_SETTLE_SECONDS', seconds(60, 0, 86_400)] as const;
const shardBytes = ['WAYBILL_SHARD_BYTES', integer(262_144, 1_024, 67_108_864)] as const;

export const SETTLE = table({ settleMs });

export const PLAN = table({ shardBytes });

export const FETCH = table({
  allowHttps,
  callbackKeys: keys,
  onKeyExist: ['WAYBILL_ON_KEY_EXIST', choice('override', 'ignore')],
  publicUrl: ['WAYBILL_PUBLIC_URL', address()],
  settleMs,
});

export const CALLBACKS = table({
  callbackKeys: keys,
  verify: ['WAYBILL_VERIFY', choice('failures', 'all', 'none')],
});

export const SWEEP = table({
  allowHttps,
  lostAfterMs: ['WAYBILL_LOST_AFTER_SECONDS', seconds(900, 1, 604_800)],
  maxAttempts: ['WAYBILL_MAX_ATTEMPTS', integer(3, 1, 100)],
  settleMs,
  shardBytes,
  stuckAfterMs: ['WAYBILL_STUCK_AFTER_SECONDS', seconds(21_600, 60, 2_592_000)],
});

export const NIGHT = table({
  maxNights: ['WAYBILL_MAX_NIGHTS', integer(5, 1, 365)],
  settleMs,
  shardBytes,
});

export const SERVED = table({
  allowHttps,
  dashboard: ['WAYBILL_DASHBOARD', v.optional(text('a folder'), '.build/dashboard')],
  shardBytes,
});

export const TENCENT_KEYS = table({
  secretId: ['TENCENTCLOUD_SECRET_ID', text('the SecretId of a Tencent Cloud key pair')],
  secretKey: ['TENCENTCLOUD_SECRET_KEY', text('the SecretKey of a Tencent Cloud key pair')],
  securityToken: ['TENCENTCLOUD_SECURITY_TOKEN', v.optional(text('a token'), '')],
});

export const COS = table({
  migrationEndpoint: [
    'WAYBILL_COS_MIGRATION_ENDPOINT',
    endpoint('http://{region}.migration.myqcloud.com'),
  ],
  objectsEndpoint: ['WAYBILL_COS_ENDPOINT', endpoint('https://{bucket}.cos.{region}.myqcloud.com')],
});

export const COS_LIMITS = table({
  requestsPerSecond: ['WAYBILL_COS_FETCH_RPS', integer(100, 1, 1_000_000)],
  inFlight: ['WAYBILL_COS_FETCH_IN_FLIGHT', integer(50, 1, 10_000)],
});

export const BATCH = table({
  uin: ['TENCENTCLOUD_UIN', text('the UIN of the account, digits', DIGITS)],
  appId: ['TENCENTCLOUD_APP_ID', text('the APPID of the account, digits', DIGITS)],
  endpoint: [
    'WAYBILL_COS_CONTROL_ENDPOINT',
    endpoint('https://{uin}.cos-control.{region}.myqcloud.com'),
  ],
});

export const BATCH_LIMITS = table({
  requestsPerSecond: ['WAYBILL_BATCH_RPS', integer(5, 1, 10_000)],
});

export const HUAWEI_AUTH = table({ kind: ['HUAWEICLOUD_AUTH', choice('aksk', 'token')] });

export const HUAWEI_KEYS = table({
  secretId: ['HUAWEICLOUD_SDK_AK', text('the access key of a Huawei Cloud key pair')],
  secretKey: ['HUAWEICLOUD_SDK_SK', text('the secret key of a Huawei Cloud key pair')],
  securityToken: ['HUAWEICLOUD_SDK_SECURITY_TOKEN', v.optional(text('a token'), '')],
});

export const IAM_USER = table({
  name: ['HUAWEICLOUD_IAM_USERNAME', text('the name of an IAM user')],
  password: ['HUAWEICLOUD_IAM_PASSWORD', text('the password of the IAM user')],
  domain: ['HUAWEICLOUD_IAM_DOMAIN', text('the name of the account the IAM user belongs to')],
});

export const HUAWEI = table({
  omsEndpoint: ['WAYBILL_OMS_ENDPOINT', endpoint('https://oms.{region}.myhuaweicloud.com')],
  iamEndpoint: ['WAYBILL_IAM_ENDPOINT', endpoint('https://iam.{region}.myhuaweicloud.com')],
  obsEndpoint: [
    'WAYBILL_OBS_ENDPOINT',
    endpoint('https://{bucket}.obs.{region}.myhuaweicloud.com'),
  ],
  running: ['WAYBILL_OMS_RUNNING', integer(5, 1, 1_000)],
});

export const OMS_LIMITS = table({ requestsPerSecond: ['WAYBILL_OMS_RPS', integer(5, 1, 10_000)] });

export const OMS_PROJECTS = table({
  region: ['HUAWEICLOUD_SDK_REGION', maybe('a region such as cn-north-4', REGION)],
  projectId: [
    'HUAWEICLOUD_SDK_PROJECT_ID',
    maybe('a project id, such as 32 hex digits', PROJECT_ID),
  ],
  others: ['WAYBILL_OMS_PROJECTS', v.optional(omsProjects, '')],
});

export const SETS = table({
  file: ['WAYBILL_CREDENTIALS_FILE', maybe()],
  secret: ['WAYBILL_CREDENTIALS_SECRET', maybe()],
});

/** The credential set `default`. */
export const OMS_SET = table({
  srcAk: ['OMS_SRC_AK', maybe()],
  srcSk: ['OMS_SRC_SK', maybe()],
  srcSecurityToken: ['OMS_SRC_SECURITY_TOKEN', maybe()],
  connectionString: ['OMS_SRC_CONNECTION_STRING', maybe()],
  jsonAuthFile: ['OMS_SRC_JSON_AUTH_FILE', maybe()],
  srcCryptoType: ['OMS_SRC_CRYPTO_TYPE', maybe()],
  srcKmsKeyId: ['OMS_SRC_KMS_KEY_ID', maybe()],
  dstAk: ['OMS_DST_AK', text('the access key of the destination')],
  dstSk: ['OMS_DST_SK', text('the secret key of the destination')],
  dstSecurityToken: ['OMS_DST_SECURITY_TOKEN', maybe()],
  dstCryptoType: ['OMS_DST_CRYPTO_TYPE', maybe()],
  dstKmsKeyId: ['OMS_DST_KMS_KEY_ID', maybe()],
  sourceCdnAuthenticationKey: ['OMS_SOURCE_CDN_AUTHENTICATION_KEY', maybe()],
  sourceCdnCryptoType: ['OMS_SOURCE_CDN_CRYPTO_TYPE', maybe()],
  sourceCdnKmsKeyId: ['OMS_SOURCE_CDN_KMS_KEY_ID', maybe()],
});

const URN = /^urn:smn:[a-z0-9-]+:[^:]+:[^:]+$/;

export const SMN = table({
  topics: [
    'WAYBILL_SMN_TOPICS',
    list('urn:smn:<region>:<project>:<topic>, separated by commas', URN),
  ],
  endpoint: ['WAYBILL_SMN_ENDPOINT', endpoint('https://smn.{region}.myhuaweicloud.com')],
});

/** What a function lists that uses a provider. */
export const TENCENT_TABLES = [TENCENT_KEYS, COS, COS_LIMITS] as const;
export const BATCH_TABLES = [BATCH, BATCH_LIMITS] as const;
export const HUAWEI_TABLES = [
  HUAWEI_AUTH,
  HUAWEI_KEYS,
  IAM_USER,
  OMS_PROJECTS,
  HUAWEI,
  OMS_LIMITS,
  SETS,
  OMS_SET,
] as const;

/** All of them, by heading of docs/configuration.md. */
export const PARTS = {
  'The service': [SERVICE, API, SERVED],
  'Tencent Cloud': [...TENCENT_TABLES, ...BATCH_TABLES],
  'Huawei Cloud': [...HUAWEI_TABLES, SMN],
  'Runs and callbacks': [FETCH, CALLBACKS, SWEEP, NIGHT, WEBHOOKS],
  'Stores and logs': [STORES, S3, S3_KEYS],
  AWS: [AWS, AWS_KEYS, AWS_ENDPOINT, SECRETS, METRICS, STAGE],
  'The command line': [CLI],
} as const;

type NameIn<Tables> = Tables extends readonly (infer Each)[]
  ? Each extends Table
    ? Each[keyof Each][0]
    : never
  : never;

export type VariableName = NameIn<(typeof PARTS)[keyof typeof PARTS]>;

export const namesOf = (...tables: readonly Table[]): readonly string[] => [
  ...new Set(tables.flatMap((rows) => Object.values(rows).map(([name]) => name))),
];

export const NAMES = namesOf(...Object.values(PARTS).flat());
