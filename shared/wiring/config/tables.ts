/**
 * All variables of Waybill, one table per part: name and schema of each field. `texts.ts` says what
 * they are for, apart from here because every function carries these; docs/configuration.md is made
 * from both.
 */
import * as v from 'valibot';
import { type Table, table } from '../../lib/env.ts';
import { PROJECT_ID, REGION } from '../../providers/huawei/config.ts';
import * as s from './schemas.ts';

const SQLITE = 'sqlite:./data/waybill.db';
const AWS_REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;
const DIGITS = /^\d{1,20}$/;
/** Of the embedded service alone. */
export const SERVICE = table({
  role: ['WAYBILL_ROLE', s.choice('all', 'api', 'worker', 'events')],
  eventMs: ['WAYBILL_EVENT_SECONDS', s.seconds(900, 60, 86_400)],
  folder: ['WAYBILL_DATA', v.optional(s.text('a folder'), './data')],
  host: ['WAYBILL_HOST', v.optional(s.text('a host'), '127.0.0.1')],
  port: ['PORT', s.integer(8_787, 0, 65_535)],
  pumpConcurrency: ['WAYBILL_PUMP_CONCURRENCY', s.integer(4, 1, 64)],
  sweepMs: ['WAYBILL_SWEEP_SECONDS', s.seconds(300, 1, 86_400)],
  retryCron: ['WAYBILL_RETRY_CRON', v.optional(s.text('a schedule'), '0 2 * * *')],
  timeZone: ['WAYBILL_TIME_ZONE', s.timeZone],
});

/** Of the command line alone. */
export const CLI = table({
  url: ['WAYBILL_URL', v.optional(s.address(), 'http://127.0.0.1:8787')],
  token: ['WAYBILL_TOKEN', s.maybe()],
});

/** Of every function. */
export const STORES = table({
  ledger: ['WAYBILL_LEDGER', s.store(SQLITE, 'sqlite', 'dynamodb', 'postgres')],
  queue: ['WAYBILL_QUEUE', s.store(SQLITE, 'sqlite', 'sqs', 'postgres')],
  objects: ['WAYBILL_OBJECTS', s.store('folder:./data/objects', 'folder', 's3')],
  logLevel: ['LOG_LEVEL', s.choice('info', 'debug', 'warn', 'error', 'silent')],
  retentionDays: ['WAYBILL_RETENTION_DAYS', s.integer(90, 0, 3_650)],
  metrics: ['WAYBILL_METRICS', s.choice('none', 'emf')],
});

export const STAGE = table({ stage: ['WAYBILL_STAGE', s.text('the stage')] });

export const AWS_KEYS = table({
  accessKeyId: ['AWS_ACCESS_KEY_ID', s.text('the access key of an AWS identity')],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY', s.text('the secret key of an AWS identity')],
  sessionToken: ['AWS_SESSION_TOKEN', s.maybe()],
});

export const AWS_ENDPOINT = table({ endpoint: ['AWS_ENDPOINT_URL', v.exactOptional(s.address())] });

export const AWS = table({
  region: [
    'AWS_REGION',
    s.text('a region such as ap-southeast-1', AWS_REGION),
    'AWS_DEFAULT_REGION',
  ],
  dynamodbEndpoint: ['WAYBILL_DYNAMODB_ENDPOINT', v.exactOptional(s.address())],
  sweepFunction: ['WAYBILL_SWEEP_FUNCTION', s.maybe()],
  planFunction: ['WAYBILL_PLAN_FUNCTION', s.maybe()],
  listFunction: ['WAYBILL_LIST_FUNCTION', s.maybe()],
  auditFunction: ['WAYBILL_AUDIT_FUNCTION', s.maybe()],
  advanceFunction: ['WAYBILL_ADVANCE_FUNCTION', s.maybe()],
  ownFunction: ['AWS_LAMBDA_FUNCTION_NAME', s.maybe()],
});

export const SECRETS = table({
  ids: ['WAYBILL_SECRETS', v.optional(s.list('names of secrets', /./, 0), '')],
  sets: ['WAYBILL_CREDENTIALS_SECRET', s.maybe()],
  sources: ['WAYBILL_SOURCES_SECRET', s.maybe()],
});

export const S3_KEYS = table({
  accessKeyId: ['WAYBILL_S3_ACCESS_KEY_ID', s.text('the access key for the object store')],
  secretAccessKey: ['WAYBILL_S3_SECRET_ACCESS_KEY', s.text('the secret key for the object store')],
  sessionToken: ['WAYBILL_S3_SESSION_TOKEN', s.maybe()],
});

export const S3 = table({
  region: [
    'WAYBILL_S3_REGION',
    s.text('a region such as ap-southeast-1', /^[a-z0-9-]{1,64}$/),
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
  ],
  endpoint: ['WAYBILL_S3_ENDPOINT', v.exactOptional(s.address('{bucket}', '{region}'))],
});

export const API = table({
  apiTokens: ['WAYBILL_API_TOKENS', s.apiTokens],
});

export const WEBHOOKS = table({
  url: ['WAYBILL_WEBHOOK_URL', s.webhookUrl],
  secrets: ['WAYBILL_WEBHOOK_SECRETS', s.webhookSecrets],
});

export const NOTIFY = table({ chats: ['WAYBILL_NOTIFY', s.chats] });

const allowHttps = ['WAYBILL_ALLOW_HTTPS', s.flag] as const;
const callbackKeys = ['WAYBILL_CALLBACK_KEYS', s.callbackKeys] as const;
const ratePerSecond = ['WAYBILL_COS_FETCH_RPS', s.integer(100, 1, 1_000_000)] as const;
const settleMs = ['WAYBILL_SETTLE_SECONDS', s.seconds(60, 0, 86_400)] as const;
const shardBytes = ['WAYBILL_SHARD_BYTES', s.integer(262_144, 1_024, 67_108_864)] as const;

export const SETTLE = table({ settleMs });

export const HTTPS = table({ allowHttps });

export const PLAN = table({ shardBytes });

export const FETCH = table({
  allowHttps,
  callbackKeys,
  onKeyExist: ['WAYBILL_ON_KEY_EXIST', s.choice('override', 'ignore')],
  publicUrl: ['WAYBILL_PUBLIC_URL', s.address()],
  settleMs,
});

export const CALLBACKS = table({
  callbackKeys,
  verify: ['WAYBILL_VERIFY', s.choice('failures', 'all', 'none')],
});

export const CERTIFICATES = table({
  certificateKeys: ['WAYBILL_CERTIFICATE_KEYS', s.certificateKeys],
});

export const SWEEP = table({
  allowHttps,
  lostAfterMs: ['WAYBILL_LOST_AFTER_SECONDS', s.seconds(900, 1, 604_800)],
  maxAttempts: ['WAYBILL_MAX_ATTEMPTS', s.integer(3, 1, 100)],
  settleMs,
  shardBytes,
  stuckAfterMs: ['WAYBILL_STUCK_AFTER_SECONDS', s.seconds(21_600, 60, 2_592_000)],
});

export const ADVANCE = table({ allowHttps, ratePerSecond, shardBytes });

export const NIGHT = table({
  maxNights: ['WAYBILL_MAX_NIGHTS', s.integer(5, 1, 365)],
  settleMs,
  shardBytes,
});

export const SERVED = table({
  allowHttps,
  dashboard: ['WAYBILL_DASHBOARD', v.optional(s.text('a folder'), '.build/dashboard')],
  shardBytes,
});

export const TENCENT_KEYS = table({
  secretId: ['TENCENTCLOUD_SECRET_ID', s.text('the SecretId of a Tencent Cloud key pair')],
  secretKey: ['TENCENTCLOUD_SECRET_KEY', s.text('the SecretKey of a Tencent Cloud key pair')],
  securityToken: ['TENCENTCLOUD_SECURITY_TOKEN', s.maybe()],
});

export const COS = table({
  migrationEndpoint: [
    'WAYBILL_COS_MIGRATION_ENDPOINT',
    s.url('http://{region}.migration.myqcloud.com'),
  ],
  objectsEndpoint: ['WAYBILL_COS_ENDPOINT', s.url('https://{bucket}.cos.{region}.myqcloud.com')],
  requestsPerSecond: ratePerSecond,
  inFlight: ['WAYBILL_COS_FETCH_IN_FLIGHT', s.integer(50, 1, 10_000)],
});

/** Of what sends, and of what shows it. */
export const PACE = table({ pace: ['WAYBILL_PACE', s.pace] });

export const BATCH = table({
  uin: ['TENCENTCLOUD_UIN', s.text('the UIN of the account, digits', DIGITS)],
  appId: ['TENCENTCLOUD_APP_ID', s.text('the APPID of the account, digits', DIGITS)],
  endpoint: [
    'WAYBILL_COS_CONTROL_ENDPOINT',
    s.url('https://{uin}.cos-control.{region}.myqcloud.com'),
  ],
  requestsPerSecond: ['WAYBILL_BATCH_RPS', s.integer(5, 1, 10_000)],
});

export const HUAWEI_AUTH = table({ kind: ['HUAWEICLOUD_AUTH', s.choice('aksk', 'token')] });

export const HUAWEI_KEYS = table({
  secretId: ['HUAWEICLOUD_SDK_AK', s.text('the access key of a Huawei Cloud key pair')],
  secretKey: ['HUAWEICLOUD_SDK_SK', s.text('the secret key of a Huawei Cloud key pair')],
  securityToken: ['HUAWEICLOUD_SDK_SECURITY_TOKEN', s.maybe()],
});

export const IAM_USER = table({
  name: ['HUAWEICLOUD_IAM_USERNAME', s.text('the name of an IAM user')],
  password: ['HUAWEICLOUD_IAM_PASSWORD', s.text('the password of the IAM user')],
  domain: ['HUAWEICLOUD_IAM_DOMAIN', s.text('the name of the account the IAM user belongs to')],
});

export const HUAWEI = table({
  omsEndpoint: ['WAYBILL_OMS_ENDPOINT', s.url('https://oms.{region}.myhuaweicloud.com')],
  iamEndpoint: ['WAYBILL_IAM_ENDPOINT', s.url('https://iam.{region}.myhuaweicloud.com')],
  obsEndpoint: ['WAYBILL_OBS_ENDPOINT', s.url('https://{bucket}.obs.{region}.myhuaweicloud.com')],
  running: ['WAYBILL_OMS_RUNNING', s.integer(5, 1, 1_000)],
  requestsPerSecond: ['WAYBILL_OMS_RPS', s.integer(5, 1, 10_000)],
});

export const OMS_PROJECTS = table({
  region: ['HUAWEICLOUD_SDK_REGION', s.maybe('a region such as cn-north-4', REGION)],
  projectId: [
    'HUAWEICLOUD_SDK_PROJECT_ID',
    s.maybe('a project id, such as 32 hex digits', PROJECT_ID),
  ],
  others: ['WAYBILL_OMS_PROJECTS', v.optional(s.omsProjects, '')],
});

export const SETS = table({
  file: ['WAYBILL_CREDENTIALS_FILE', s.maybe()],
  secret: ['WAYBILL_CREDENTIALS_SECRET', s.maybe()],
});

export const SOURCES = table({
  file: ['WAYBILL_SOURCES_FILE', s.maybe()],
  secret: ['WAYBILL_SOURCES_SECRET', s.maybe()],
});

/** The credential set `default`. */
export const OMS_SET = table({
  srcAk: ['OMS_SRC_AK', s.maybe()],
  srcSk: ['OMS_SRC_SK', s.maybe()],
  srcSecurityToken: ['OMS_SRC_SECURITY_TOKEN', s.maybe()],
  connectionString: ['OMS_SRC_CONNECTION_STRING', s.maybe()],
  jsonAuthFile: ['OMS_SRC_JSON_AUTH_FILE', s.maybe()],
  srcCryptoType: ['OMS_SRC_CRYPTO_TYPE', s.maybe()],
  srcKmsKeyId: ['OMS_SRC_KMS_KEY_ID', s.maybe()],
  dstAk: ['OMS_DST_AK', s.text('the access key of the destination')],
  dstSk: ['OMS_DST_SK', s.text('the secret key of the destination')],
  dstSecurityToken: ['OMS_DST_SECURITY_TOKEN', s.maybe()],
  dstCryptoType: ['OMS_DST_CRYPTO_TYPE', s.maybe()],
  dstKmsKeyId: ['OMS_DST_KMS_KEY_ID', s.maybe()],
  sourceCdnAuthenticationKey: ['OMS_SOURCE_CDN_AUTHENTICATION_KEY', s.maybe()],
  sourceCdnCryptoType: ['OMS_SOURCE_CDN_CRYPTO_TYPE', s.maybe()],
  sourceCdnKmsKeyId: ['OMS_SOURCE_CDN_KMS_KEY_ID', s.maybe()],
});

const URN = /^urn:smn:[a-z0-9-]+:[^:]+:[^:]+$/;

export const SMN = table({
  topics: [
    'WAYBILL_SMN_TOPICS',
    s.list('urn:smn:<region>:<project>:<topic>, separated by commas', URN),
  ],
  endpoint: ['WAYBILL_SMN_ENDPOINT', s.url('https://smn.{region}.myhuaweicloud.com')],
});

/** What a function lists that uses a provider. */
export const TENCENT_TABLES = [TENCENT_KEYS, COS, PACE] as const;
export const HUAWEI_TABLES = [
  HUAWEI_AUTH,
  HUAWEI_KEYS,
  IAM_USER,
  HUAWEI,
  OMS_PROJECTS,
  SETS,
  OMS_SET,
] as const;

/** Of functions that send objects of sources, or judge what became of them. */
export const SOURCE_TABLES = [SOURCES, SETS] as const;

/** The names of tables. */
export type NameIn<Tables> = Tables extends readonly (infer Each)[]
  ? Each extends Table
    ? Each[keyof Each][0]
    : never
  : never;

export const namesOf = <const Tables extends readonly Table[]>(...tables: Tables) => [
  ...new Set(tables.flatMap((rows) => Object.values(rows).map(([name]) => name as NameIn<Tables>))),
];
