/**
 * Stage parameters: what differs between deployments (docs/deploy.md). Given in `serverless.ts` or on
 * the command line (`--param='timeZone=Asia/Singapore'`); `scripts/parameters-plugin.cjs` checks them
 * before anything is packaged.
 */
import type { Deployment } from '../shared/runtime/deployment.ts';
import * as t from '../shared/wiring/config/tables.ts';
import { TEXTS } from '../shared/wiring/config/texts.ts';
import { param, STAGE } from './cfn.ts';

interface Parameter {
  /** Of what functions read a text, as variables are. */
  readonly default: string | number | boolean;
  /** In the stage `prod`. */
  readonly prod?: string | number | boolean;
  readonly pattern: RegExp;
  readonly min?: number;
  readonly max?: number;
  readonly expected: string;
  readonly meaning: string;
}

const choice = (...choices: readonly string[]) => ({
  pattern: new RegExp(`^(?:${choices.join('|')})$`),
  expected: choices.join(' or '),
});
const whole = (min: number, max: number) => ({
  pattern: /^\d{1,9}$/,
  expected: `a whole number from ${min} to ${max}`,
  min,
  max,
});
const secretName = {
  pattern: /^[\w/+=.@-]{1,512}$/,
  expected: 'the name of a secret: letters, digits and /_+=.@-',
};
/** Settings of the functions, which check them themselves. */
const SETTINGS = Object.fromEntries(
  t
    .namesOf(t.COS, t.PACE, t.HUAWEI, t.SMN, t.SWEEP, t.NIGHT, {
      batchEndpoint: t.BATCH.endpoint,
      batchRate: t.BATCH.requestsPerSecond,
      projects: t.OMS_PROJECTS.others,
      onKeyExist: t.FETCH.onKeyExist,
      verify: t.CALLBACKS.verify,
      logLevel: t.STORES.logLevel,
    })
    .map((name) => [
      name,
      { default: '', pattern: /^[^\n]*$/, expected: 'one line', meaning: TEXTS[name] },
    ]),
);

export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  providers: {
    default: 'tencent,huawei',
    ...choice('tencent', 'huawei', 'tencent,huawei'),
    meaning: 'the clouds in use; for others no secret is read and uploads start nothing',
  },
  timeZone: {
    default: 'UTC',
    pattern: /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/,
    expected: 'a name of the IANA database, such as Asia/Singapore',
    meaning: 'time zone of the schedules',
  },
  nightlySchedule: {
    default: 'cron(0 2 * * ? *)',
    pattern: /^cron\(\S+(?: \S+){5}\)$/,
    expected: 'cron(minute hour day month weekday year), with ? for the day or the weekday',
    meaning: 'when the nightly pass starts',
  },
  deletionPolicy: {
    default: 'Retain',
    ...choice('Retain', 'Delete'),
    meaning: 'whether table and bucket remain when the stack is removed',
  },
  deletionProtection: {
    default: false,
    prod: true,
    ...choice('true', 'false'),
    meaning: 'whether DynamoDB refuses to delete the table',
  },
  reservedConcurrency: {
    default: 'on',
    ...choice('on', 'off'),
    meaning:
      'off for an account whose limit of concurrent executions is too low to reserve any of it',
  },
  maxShardWorkers: {
    default: 2,
    ...whole(2, 1_000),
    meaning: 'shards that are submitted at once; they share the provider limits',
  },
  apiBurst: {
    default: 50,
    ...whole(1, 5_000),
    meaning: 'burst of requests to the HTTP API',
  },
  apiRate: {
    default: 100,
    ...whole(1, 10_000),
    meaning: 'requests per second to the HTTP API',
  },
  logDays: {
    default: 30,
    pattern: /^(?:1|3|5|7|14|30|60|90|120|150|180|365|400|545|731|1827|2192|2557|2922|3288|3653)$/,
    expected: 'a number of days that CloudWatch Logs knows, such as 30, 90 or 365',
    meaning: 'how long logs are kept',
  },
  oldVersionsDays: {
    default: 30,
    ...whole(1, 36_500),
    meaning: 'how long replaced and deleted objects can be restored',
  },
  alarmEmail: {
    default: '',
    pattern: /^(?:[^\s@]+@[^\s@]+)?$/,
    expected: 'a mail address, or nothing',
    meaning: 'mail address for alarms; others subscribe to the topic',
  },
  queueAgeAlarmSeconds: {
    default: 86_400,
    ...whole(60, 1_209_600),
    meaning: 'how long a shard may wait before the alarm',
  },
  callbackAlarmCount: {
    default: 100,
    ...whole(1, 1_000_000),
    meaning: 'refused callbacks or requests in five minutes before the alarm',
  },
  permissionsBoundary: {
    default: '',
    pattern: /^(?:arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy\/\S+)?$/,
    expected: 'the ARN of a policy, or nothing',
    meaning: 'permissions boundary of every role',
  },
  kmsKey: {
    default: '',
    pattern: /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+)?$/,
    expected: 'the ARN of a key (not of an alias), or nothing',
    meaning: 'your KMS key for table, queues, bucket, logs, topic and the secrets that it encrypts',
  },
  tencentSecret: {
    default: `waybill/${STAGE}/tencent`,
    ...secretName,
    meaning: 'secret with TENCENTCLOUD_*',
  },
  huaweiSecret: {
    default: `waybill/${STAGE}/huawei`,
    ...secretName,
    meaning: 'secret with HUAWEICLOUD_* and OMS_*',
  },
  apiSecret: {
    default: `waybill/${STAGE}/api`,
    ...secretName,
    meaning: 'secret with WAYBILL_API_TOKENS',
  },
  callbacksSecret: {
    default: `waybill/${STAGE}/callbacks`,
    ...secretName,
    meaning: 'secret with WAYBILL_CALLBACK_KEYS',
  },
  credentialsSecret: {
    default: '',
    pattern: /^[\w/+=.@-]{0,512}$/,
    expected: 'the name of a secret, or nothing',
    meaning: 'secret with the named credential sets of sources and OMS tasks',
  },
  sourcesSecret: {
    default: '',
    pattern: /^[\w/+=.@-]{0,512}$/,
    expected: 'the name of a secret, or nothing',
    meaning: 'secret with the named sources',
  },
  webhooksSecret: {
    default: '',
    pattern: /^[\w/+=.@-]{0,512}$/,
    expected: 'the name of a secret, or nothing',
    meaning: 'secret with WAYBILL_WEBHOOK_URL and WAYBILL_WEBHOOK_SECRETS, WAYBILL_NOTIFY, or all',
  },
  dashboardOrigin: {
    default: '',
    pattern: /^(?:https:\/\/[^\s/]+)?$/,
    expected: 'https:// and a host, without a path, or nothing',
    meaning: 'origin of the dashboard, if your own domain is in front of the HTTP API',
  },
  WAYBILL_PUBLIC_URL: {
    default: '',
    pattern: /^(?:https?:\/\/\S+)?$/,
    expected: 'an http:// or https:// address, or nothing',
    meaning: 'base of the callback URLs, if your own domain is in front of record-callback',
  },
  WAYBILL_RETENTION_DAYS: {
    default: '90',
    ...whole(1, 3_650),
    meaning: 'how long the ledger keeps an ended run',
  },
  ...SETTINGS,
};

const ENTRIES = Object.entries(PARAMETERS);

/** As the framework takes them: defaults for every stage, and what differs in `prod`. */
export const stages = () => ({
  default: Object.fromEntries(ENTRIES.map(([name, parameter]) => [name, parameter.default])),
  prod: Object.fromEntries(
    ENTRIES.flatMap(([name, { prod }]) => (prod === undefined ? [] : [[name, prod]])),
  ),
});

/** Their values, for the check. */
export const values = () => ({
  stage: STAGE,
  ...Object.fromEntries(ENTRIES.map(([name]) => [name, param(name)])),
});

const fits = ({ pattern, min = -Infinity, max = Infinity }: Parameter, value: string): boolean =>
  pattern.test(value) && !(Number(value) < min || Number(value) > max);

/** Every fault, by name; values never appear. @param given by name, as the framework resolved them */
export function faultsOf(given: Readonly<Record<string, unknown>>): readonly string[] {
  const faults = ENTRIES.flatMap(([name, parameter]) =>
    fits(parameter, String(given[name] ?? '')) ? [] : [`${name}: expected ${parameter.expected}`],
  );
  // A part of the bucket's name, which has at most 63 characters.
  return /^[a-z0-9][a-z0-9-]{0,19}$/.test(String(given['stage']))
    ? faults
    : ['stage: expected 1 to 20 of a-z 0-9 -', ...faults];
}

const isGiven = (name: string) => ({
  'Fn::Not': [{ 'Fn::Equals': [param(name), ''] }],
});
const isUsed = (provider: string) => ({
  'Fn::Or': [
    { 'Fn::Equals': [param('providers'), provider] },
    { 'Fn::Equals': [param('providers'), 'tencent,huawei'] },
  ],
});

export const conditions = () => ({
  UsesTencent: isUsed('tencent'),
  UsesHuawei: isUsed('huawei'),
  HasCredentialSets: isGiven('credentialsSecret'),
  HasSources: isGiven('sourcesSecret'),
  HasWebhooks: isGiven('webhooksSecret'),
  HasDashboardOrigin: isGiven('dashboardOrigin'),
  HasAlarmEmail: isGiven('alarmEmail'),
  HasPublicUrl: isGiven('WAYBILL_PUBLIC_URL'),
  HasBoundary: isGiven('permissionsBoundary'),
  HasKmsKey: isGiven('kmsKey'),
  HasNoKmsKey: { 'Fn::Equals': [param('kmsKey'), ''] },
  ReservesConcurrency: { 'Fn::Equals': [param('reservedConcurrency'), 'on'] },
});

/** Under which a provider is in use; undefined for none. */
export const conditionOf = (provider: Deployment['provider']): string | undefined =>
  provider && (provider === 'tencent' ? 'UsesTencent' : 'UsesHuawei');
