/** Reads the Huawei Cloud configuration from the environment (docs/configuration.md). */
import * as v from 'valibot';
import type { EnvReader } from '../../lib/env.ts';
import { withoutUndefined } from '../../lib/values.ts';
import {
  type HuaweiConfig,
  type OmsProject,
  PROJECT_ID,
  REGION,
} from '../../providers/huawei/config.ts';
import {
  type CredentialSet,
  credentialSet,
  DEFAULT_SET,
  SET_NAME,
} from '../../providers/huawei/credential-sets.ts';

/** Whether any of the provider's own variables is set. */
export const hasHuawei = (from: EnvReader): boolean =>
  ['HUAWEICLOUD_SDK_AK', 'HUAWEICLOUD_SDK_SK', 'HUAWEICLOUD_IAM_USERNAME'].some(
    (name) => from.optional(name) !== undefined,
  );

export function huawei(from: EnvReader): HuaweiConfig {
  return {
    auth: auth(from),
    omsEndpoint: from.url('WAYBILL_OMS_ENDPOINT', 'https://oms.{region}.myhuaweicloud.com'),
    iamEndpoint: from.url('WAYBILL_IAM_ENDPOINT', 'https://iam.{region}.myhuaweicloud.com'),
    obsEndpoint: from.url(
      'WAYBILL_OBS_ENDPOINT',
      'https://{bucket}.obs.{region}.myhuaweicloud.com',
    ),
    projects: projects(from),
    limits: {
      requestsPerSecond: from.integer('WAYBILL_OMS_RPS', 5, 1, 10_000),
      // Fewer than the five bad checks that lock a key.
      inFlight: 4,
    },
    running: from.integer('WAYBILL_OMS_RUNNING', 5, 1, 1_000),
    sets: {
      ...withoutUndefined({ file: from.optional('WAYBILL_CREDENTIALS_FILE') }),
      ...withoutUndefined({ secret: from.optional('WAYBILL_CREDENTIALS_SECRET') }),
      ...withoutUndefined({ fromEnv: defaultSet(from) }),
    },
  };
}

function auth(from: EnvReader): HuaweiConfig['auth'] {
  if (from.choice('HUAWEICLOUD_AUTH', ['aksk', 'token']) === 'token') {
    const user = {
      name: from.text('HUAWEICLOUD_IAM_USERNAME', 'the name of an IAM user'),
      password: from.text('HUAWEICLOUD_IAM_PASSWORD', 'the password of the IAM user'),
      domain: from.text(
        'HUAWEICLOUD_IAM_DOMAIN',
        'the name of the account the IAM user belongs to',
      ),
    };
    return { kind: 'token', user };
  }
  const credentials = from.keyPair({
    secretId: ['HUAWEICLOUD_SDK_AK', 'the access key of a Huawei Cloud key pair'],
    secretKey: ['HUAWEICLOUD_SDK_SK', 'the secret key of a Huawei Cloud key pair'],
    securityToken: 'HUAWEICLOUD_SDK_SECURITY_TOKEN',
  });
  return { kind: 'aksk', credentials };
}

/** `WAYBILL_OMS_PROJECTS`, or the one project of the SDK's variables, or none. */
function projects(from: EnvReader): readonly OmsProject[] {
  const listed = from.optional('WAYBILL_OMS_PROJECTS');
  const region = from.optional('HUAWEICLOUD_SDK_REGION');
  const projectId = from.optional('HUAWEICLOUD_SDK_PROJECT_ID');
  if (region !== undefined && !REGION.test(region)) {
    from.fault('HUAWEICLOUD_SDK_REGION', 'expected a region such as cn-north-4');
  }
  if (projectId !== undefined && !PROJECT_ID.test(projectId)) {
    from.fault('HUAWEICLOUD_SDK_PROJECT_ID', 'expected a project id, such as 32 hex digits');
  }
  const own =
    region !== undefined && projectId !== undefined
      ? [{ region, projectId, credentials: DEFAULT_SET }]
      : [];
  if (listed === undefined) return own;
  const found = listed
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const [, where = '', id = '', set = DEFAULT_SET] =
        /^([^/@]+)\/([^/@]+)(?:@([^/@]+))?$/.exec(part) ?? [];
      return { region: where, projectId: id, credentials: set };
    });
  const good = found.every(
    (project) =>
      REGION.test(project.region) &&
      PROJECT_ID.test(project.projectId) &&
      SET_NAME.test(project.credentials),
  );
  if (!good) {
    from.fault(
      'WAYBILL_OMS_PROJECTS',
      'expected region/projectId[@credential set], separated by commas',
    );
  }
  const places = found.map(({ region: where, projectId: id }) => `${where}/${id}`);
  if (new Set(places).size < places.length) {
    from.fault('WAYBILL_OMS_PROJECTS', 'expected every project of a region once');
  }
  const others = own.filter(
    (mine) =>
      !found.some((other) => other.region === mine.region && other.projectId === mine.projectId),
  );
  return [...others, ...found];
}

/** Variables of the set `default`, by field. */
const SET_VARIABLES = {
  srcAk: 'OMS_SRC_AK',
  srcSk: 'OMS_SRC_SK',
  connectionString: 'OMS_SRC_CONNECTION_STRING',
  jsonAuthFile: 'OMS_SRC_JSON_AUTH_FILE',
  srcSecurityToken: 'OMS_SRC_SECURITY_TOKEN',
  dstAk: 'OMS_DST_AK',
  dstSk: 'OMS_DST_SK',
  dstSecurityToken: 'OMS_DST_SECURITY_TOKEN',
  sourceCdnAuthenticationKey: 'OMS_SOURCE_CDN_AUTHENTICATION_KEY',
  srcCryptoType: 'OMS_SRC_CRYPTO_TYPE',
  srcKmsKeyId: 'OMS_SRC_KMS_KEY_ID',
  dstCryptoType: 'OMS_DST_CRYPTO_TYPE',
  dstKmsKeyId: 'OMS_DST_KMS_KEY_ID',
  sourceCdnCryptoType: 'OMS_SOURCE_CDN_CRYPTO_TYPE',
  sourceCdnKmsKeyId: 'OMS_SOURCE_CDN_KMS_KEY_ID',
} as const;

/** The set `default` of the environment; undefined when none of its variables is set. */
function defaultSet(from: EnvReader): CredentialSet | undefined {
  const given = withoutUndefined(
    Object.fromEntries(
      Object.entries(SET_VARIABLES).map(([field, name]) => [field, from.optional(name)]),
    ),
  );
  if (Object.keys(given).length === 0) return undefined;
  const result = v.safeParse(credentialSet, {
    ...given,
    dstAk: from.text('OMS_DST_AK', 'the access key of the destination'),
    dstSk: from.text('OMS_DST_SK', 'the secret key of the destination'),
  });
  if (result.success) return result.output as CredentialSet;
  const names: Readonly<Record<string, string>> = SET_VARIABLES;
  for (const issue of result.issues) {
    const field = v.getDotPath(issue) ?? '';
    // What is missing is said by field; the operator knows variables.
    const message = issue.message.replace(/with (\w+)/, (_, other) => `with ${names[other]}`);
    from.fault(names[field] ?? field, message);
  }
  return undefined;
}
