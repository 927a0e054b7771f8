/**
 * The names of all variables that Waybill reads (docs/configuration.md), and the check for names
 * that only look like one: a typo would silently leave a setting at its default.
 */
import { type Env, type EnvReader, readEnv as readVariables } from '../../lib/env.ts';
import type { InputFault } from '../../lib/errors.ts';

export const NAMES: readonly string[] = [
  'HUAWEICLOUD_AUTH',
  'HUAWEICLOUD_IAM_DOMAIN',
  'HUAWEICLOUD_IAM_PASSWORD',
  'HUAWEICLOUD_IAM_USERNAME',
  'HUAWEICLOUD_SDK_AK',
  'HUAWEICLOUD_SDK_PROJECT_ID',
  'HUAWEICLOUD_SDK_REGION',
  'HUAWEICLOUD_SDK_SECURITY_TOKEN',
  'HUAWEICLOUD_SDK_SK',
  'OMS_DST_AK',
  'OMS_DST_CRYPTO_TYPE',
  'OMS_DST_KMS_KEY_ID',
  'OMS_DST_SECURITY_TOKEN',
  'OMS_DST_SK',
  'OMS_SOURCE_CDN_AUTHENTICATION_KEY',
  'OMS_SOURCE_CDN_CRYPTO_TYPE',
  'OMS_SOURCE_CDN_KMS_KEY_ID',
  'OMS_SRC_AK',
  'OMS_SRC_CONNECTION_STRING',
  'OMS_SRC_CRYPTO_TYPE',
  'OMS_SRC_JSON_AUTH_FILE',
  'OMS_SRC_KMS_KEY_ID',
  'OMS_SRC_SECURITY_TOKEN',
  'OMS_SRC_SK',
  'TENCENTCLOUD_APP_ID',
  'TENCENTCLOUD_SECRET_ID',
  'TENCENTCLOUD_SECRET_KEY',
  'TENCENTCLOUD_SECURITY_TOKEN',
  'TENCENTCLOUD_UIN',
  'WAYBILL_ALLOW_HTTPS',
  'WAYBILL_API_TOKENS',
  'WAYBILL_BATCH_RPS',
  'WAYBILL_CALLBACK_KEYS',
  'WAYBILL_COS_CONTROL_ENDPOINT',
  'WAYBILL_COS_ENDPOINT',
  'WAYBILL_COS_FETCH_IN_FLIGHT',
  'WAYBILL_COS_FETCH_RPS',
  'WAYBILL_COS_MIGRATION_ENDPOINT',
  'WAYBILL_CREDENTIALS_FILE',
  'WAYBILL_CREDENTIALS_SECRET',
  'WAYBILL_DASHBOARD',
  'WAYBILL_DATA',
  'WAYBILL_HOST',
  'WAYBILL_IAM_ENDPOINT',
  'WAYBILL_LEDGER',
  'WAYBILL_LOST_AFTER_SECONDS',
  'WAYBILL_MAX_ATTEMPTS',
  'WAYBILL_MAX_NIGHTS',
  'WAYBILL_METRICS',
  'WAYBILL_OBJECTS',
  'WAYBILL_OBS_ENDPOINT',
  'WAYBILL_OMS_ENDPOINT',
  'WAYBILL_OMS_PROJECTS',
  'WAYBILL_OMS_RPS',
  'WAYBILL_OMS_RUNNING',
  'WAYBILL_ON_KEY_EXIST',
  'WAYBILL_PLAN_FUNCTION',
  'WAYBILL_PUBLIC_URL',
  'WAYBILL_PUMP_CONCURRENCY',
  'WAYBILL_QUEUE',
  'WAYBILL_RETENTION_DAYS',
  'WAYBILL_RETRY_CRON',
  'WAYBILL_S3_ACCESS_KEY_ID',
  'WAYBILL_S3_ENDPOINT',
  'WAYBILL_S3_REGION',
  'WAYBILL_S3_SECRET_ACCESS_KEY',
  'WAYBILL_S3_SESSION_TOKEN',
  'WAYBILL_SECRETS',
  'WAYBILL_SETTLE_SECONDS',
  'WAYBILL_SHARD_BYTES',
  'WAYBILL_SMN_ENDPOINT',
  'WAYBILL_SMN_TOPICS',
  'WAYBILL_STAGE',
  'WAYBILL_STUCK_AFTER_SECONDS',
  'WAYBILL_SWEEP_FUNCTION',
  'WAYBILL_SWEEP_SECONDS',
  'WAYBILL_TOKEN',
  'WAYBILL_URL',
  'WAYBILL_VERIFY',
  'WAYBILL_WEBHOOK_SECRETS',
  'WAYBILL_WEBHOOK_URL',
];

/** Names that the last version knew, and what to do instead; they warn for one version. */
const REMOVED: ReadonlyMap<string, string> = new Map([
  ['WAYBILL_API_RATE', 'has no effect any more; remove it (limit requests in your reverse proxy)'],
]);

/**
 * Variables that Kubernetes makes for the services of a namespace, such as `waybill` or `waybill-db`.
 * https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
 */
const OF_KUBERNETES =
  /^WAYBILL_(?:SERVICE_.+|PORT|PORT_.+|.+_SERVICE_(?:HOST|PORT|PORT_.+)|.+_PORT_\d+_(?:TCP|UDP|SCTP)(?:_.+)?)$/;

/** Read by tests alone, which start services in their own process. */
const OF_TESTS = /^WAYBILL_TEST_/;

/**
 * Reads a part of the environment, all of which is judged: an unknown name may be meant for any part.
 * @throws ConfigError (CONFIG_INVALID) with every fault
 */
export const readEnv = <Config>(env: Env, build: (from: EnvReader) => Config): Config =>
  readVariables(env, (from) => {
    for (const { path, message } of unknownNames(env)) from.fault(path, message);
    return build(from);
  });

/** Unknown names with our prefix. */
export function unknownNames(env: Env, removed = REMOVED): readonly InputFault[] {
  return given(env)
    .filter(
      ([name, value]) =>
        /^WAYBILL_/i.test(name) &&
        !NAMES.includes(name) &&
        !removed.has(name) &&
        !OF_TESTS.test(name) &&
        !OF_KUBERNETES.test(name) &&
        !(name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value)),
    )
    .map(([name]) => unknown(name));
}

/** Names that are not read any more. */
export const removedNames = (env: Env, removed = REMOVED): readonly InputFault[] =>
  given(env).flatMap(([path]) => {
    const message = removed.get(path);
    return message === undefined ? [] : [{ path, message }];
  });

/** Unknown names with a provider's prefix: other tools have some too, but hardly in our `.env`. */
export const unknownProviderNames = (values: Env): readonly InputFault[] =>
  given(values)
    .filter(([name]) => /^(?:TENCENTCLOUD|HUAWEICLOUD|OMS)_/.test(name) && !NAMES.includes(name))
    .map(([name]) => unknown(name));

/** An empty variable counts as not set. */
const given = (env: Env): readonly (readonly [name: string, value: string])[] =>
  Object.entries(env).flatMap(([name, value]) => (value?.trim() ? [[name, value] as const] : []));

function unknown(path: string): InputFault {
  const upper = path.toUpperCase();
  const [nearest] = NAMES.map((name) => ({ name, far: distance(upper, name) })).sort(
    (a, b) => a.far - b.far,
  );
  return { path, message: `is not a setting of Waybill; did you mean ${nearest?.name}?` };
}

/** Letters to insert, leave out or exchange (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j += 1) {
      const exchanged = (row[j - 1] ?? 0) + (letter === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, exchanged));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
