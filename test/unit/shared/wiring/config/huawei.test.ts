import { describe, expect, it } from 'vitest';
import { createEnvReader, type Env, readEnv } from '../../../../../shared/lib/env.ts';
import { ConfigError } from '../../../../../shared/lib/errors.ts';
import { hasHuawei, huawei } from '../../../../../shared/wiring/config/huawei.ts';

const CANARY = 'canary';
const keys = { HUAWEICLOUD_SDK_AK: 'ak', HUAWEICLOUD_SDK_SK: 'sk' };
const place = { HUAWEICLOUD_SDK_REGION: 'cn-north-4', HUAWEICLOUD_SDK_PROJECT_ID: 'p1' };
const dst = { OMS_DST_AK: 'dst-ak', OMS_DST_SK: 'dst-sk' };
const read = (env: Env) => readEnv({ ...keys, ...env }, huawei);

function faultsOf(env: Env, build: (env: Env) => unknown = read): Record<string, string> {
  try {
    build(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(JSON.stringify([error.message, error.stack])).not.toContain(CANARY);
    return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('the configuration of Huawei Cloud', () => {
  it('has the documented defaults', () => {
    expect(read({})).toEqual({
      auth: { kind: 'aksk', credentials: { secretId: 'ak', secretKey: 'sk', securityToken: '' } },
      omsEndpoint: 'https://oms.{region}.myhuaweicloud.com',
      iamEndpoint: 'https://iam.{region}.myhuaweicloud.com',
      obsEndpoint: 'https://{bucket}.obs.{region}.myhuaweicloud.com',
      projects: [],
      limits: { requestsPerSecond: 5, inFlight: 4 },
      running: 5,
      sets: {},
    });
  });

  it('takes every variable', () => {
    const config = read({
      ...place,
      ...dst,
      HUAWEICLOUD_AUTH: 'aksk',
      HUAWEICLOUD_SDK_SECURITY_TOKEN: 'token',
      WAYBILL_OMS_ENDPOINT: 'http://127.0.0.1:1/{region}',
      WAYBILL_IAM_ENDPOINT: 'http://127.0.0.1:2',
      WAYBILL_OBS_ENDPOINT: 'http://127.0.0.1:3/{bucket}',
      WAYBILL_OMS_RPS: '20',
      WAYBILL_OMS_RUNNING: '9',
      WAYBILL_CREDENTIALS_FILE: '/etc/sets.json',
    });
    expect(config).toEqual({
      auth: {
        kind: 'aksk',
        credentials: { secretId: 'ak', secretKey: 'sk', securityToken: 'token' },
      },
      omsEndpoint: 'http://127.0.0.1:1/{region}',
      iamEndpoint: 'http://127.0.0.1:2',
      obsEndpoint: 'http://127.0.0.1:3/{bucket}',
      projects: [{ region: 'cn-north-4', projectId: 'p1', credentials: 'default' }],
      limits: { requestsPerSecond: 20, inFlight: 4 },
      running: 9,
      sets: { file: '/etc/sets.json', fromEnv: { dstAk: 'dst-ak', dstSk: 'dst-sk' } },
    });
  });

  it('takes a user in place of a key pair', () => {
    const env = {
      HUAWEICLOUD_AUTH: 'token',
      HUAWEICLOUD_IAM_USERNAME: 'operator',
      HUAWEICLOUD_IAM_PASSWORD: 'password',
      HUAWEICLOUD_IAM_DOMAIN: 'account',
    };
    expect(readEnv(env, huawei).auth).toEqual({
      kind: 'token',
      user: { name: 'operator', password: 'password', domain: 'account' },
    });
  });

  it('never has as many requests in flight as bad checks lock a key', () => {
    expect(read({ WAYBILL_OMS_RPS: '10000' }).limits.inFlight).toBeLessThan(5);
  });

  it.each<[string, Env, Record<string, string>]>([
    [
      'no key pair',
      { HUAWEICLOUD_SDK_AK: '', HUAWEICLOUD_SDK_SK: ' ' },
      {
        HUAWEICLOUD_SDK_AK: 'is not set; expected the access key of a Huawei Cloud key pair',
        HUAWEICLOUD_SDK_SK: 'is not set; expected the secret key of a Huawei Cloud key pair',
      },
    ],
    [
      'no user',
      { HUAWEICLOUD_AUTH: 'token' },
      {
        HUAWEICLOUD_IAM_USERNAME: 'is not set; expected the name of an IAM user',
        HUAWEICLOUD_IAM_PASSWORD: 'is not set; expected the password of the IAM user',
        HUAWEICLOUD_IAM_DOMAIN:
          'is not set; expected the name of the account the IAM user belongs to',
      },
    ],
    [
      'another way',
      { HUAWEICLOUD_AUTH: CANARY },
      { HUAWEICLOUD_AUTH: 'expected one of aksk, token' },
    ],
    [
      'a region with a slash',
      { ...place, HUAWEICLOUD_SDK_REGION: `${CANARY}/x` },
      { HUAWEICLOUD_SDK_REGION: 'expected a region such as cn-north-4' },
    ],
    [
      'a region in upper case',
      { HUAWEICLOUD_SDK_REGION: 'CN-NORTH-4' },
      { HUAWEICLOUD_SDK_REGION: 'expected a region such as cn-north-4' },
    ],
    [
      'a project id with a slash',
      { ...place, HUAWEICLOUD_SDK_PROJECT_ID: `${CANARY}/..` },
      { HUAWEICLOUD_SDK_PROJECT_ID: 'expected a project id, such as 32 hex digits' },
    ],
    [
      'endpoints that are no addresses',
      {
        WAYBILL_OMS_ENDPOINT: 'oms.example',
        WAYBILL_IAM_ENDPOINT: 'ftp://iam.example',
        WAYBILL_OBS_ENDPOINT: 'http://',
      },
      {
        WAYBILL_OMS_ENDPOINT: expect.stringContaining('http'),
        WAYBILL_IAM_ENDPOINT: expect.stringContaining('http'),
        WAYBILL_OBS_ENDPOINT: expect.stringContaining('http'),
      },
    ],
    [
      'numbers out of range',
      { WAYBILL_OMS_RPS: '0', WAYBILL_OMS_RUNNING: '1001' },
      {
        WAYBILL_OMS_RPS: 'expected a whole number from 1 to 10000',
        WAYBILL_OMS_RUNNING: 'expected a whole number from 1 to 1000',
      },
    ],
    [
      'half a destination pair',
      { OMS_DST_AK: CANARY },
      { OMS_DST_SK: 'is not set; expected the secret key of the destination' },
    ],
    [
      'a source without a destination',
      { OMS_SRC_AK: CANARY, OMS_SRC_SK: CANARY },
      {
        OMS_DST_AK: 'is not set; expected the access key of the destination',
        OMS_DST_SK: 'is not set; expected the secret key of the destination',
      },
    ],
    [
      'half a source pair',
      { ...dst, OMS_SRC_AK: CANARY },
      { OMS_SRC_SK: 'expected with OMS_SRC_AK' },
    ],
    [
      'a source token alone',
      { ...dst, OMS_SRC_SECURITY_TOKEN: CANARY },
      { OMS_SRC_AK: 'expected with OMS_SRC_SECURITY_TOKEN' },
    ],
    [
      'a key that is too long',
      { ...dst, OMS_DST_SK: CANARY.padEnd(101, 'x') },
      { OMS_DST_SK: 'expected text of 1 to 100 characters' },
    ],
    [
      'another crypto type',
      { ...dst, OMS_DST_CRYPTO_TYPE: CANARY },
      { OMS_DST_CRYPTO_TYPE: 'expected DEFAULT or KMS' },
    ],
    [
      'the type KMS without its key id',
      { ...dst, OMS_SRC_CRYPTO_TYPE: 'KMS' },
      { OMS_SRC_KMS_KEY_ID: 'expected with OMS_SRC_CRYPTO_TYPE KMS' },
    ],
    [
      'a key id without the type KMS',
      { ...dst, OMS_SOURCE_CDN_KMS_KEY_ID: 'k'.repeat(36), OMS_SOURCE_CDN_CRYPTO_TYPE: 'DEFAULT' },
      { OMS_SOURCE_CDN_CRYPTO_TYPE: 'expected KMS with OMS_SOURCE_CDN_KMS_KEY_ID' },
    ],
    [
      'a short key id',
      { ...dst, OMS_DST_CRYPTO_TYPE: 'KMS', OMS_DST_KMS_KEY_ID: CANARY },
      { OMS_DST_KMS_KEY_ID: 'expected 36 characters' },
    ],
  ])('says what is wrong with %s', (_name, env, faults) => {
    expect(faultsOf(env)).toEqual(faults);
  });

  it('tells all faults at once', () => {
    const faults = faultsOf({
      HUAWEICLOUD_SDK_AK: '',
      HUAWEICLOUD_SDK_REGION: '!',
      WAYBILL_OMS_RPS: 'x',
      WAYBILL_OMS_PROJECTS: 'x',
      OMS_SRC_AK: 'x',
    });
    expect(Object.keys(faults).sort()).toEqual([
      'HUAWEICLOUD_SDK_AK',
      'HUAWEICLOUD_SDK_REGION',
      'OMS_DST_AK',
      'OMS_DST_SK',
      'OMS_SRC_SK',
      'WAYBILL_OMS_PROJECTS',
      'WAYBILL_OMS_RPS',
    ]);
  });
});

describe('the default set', () => {
  it('has every field of its variables', () => {
    const id = '11111111-2222-3333-4444-555555555555';
    const config = read({
      ...dst,
      OMS_SRC_AK: 'src-ak',
      OMS_SRC_SK: 'src-sk',
      OMS_SRC_CONNECTION_STRING: 'connection',
      OMS_SRC_JSON_AUTH_FILE: '{}',
      OMS_SRC_SECURITY_TOKEN: 'src-token',
      OMS_DST_SECURITY_TOKEN: 'dst-token',
      OMS_SOURCE_CDN_AUTHENTICATION_KEY: 'cdn',
      OMS_SRC_CRYPTO_TYPE: 'KMS',
      OMS_SRC_KMS_KEY_ID: id,
      OMS_DST_CRYPTO_TYPE: 'KMS',
      OMS_DST_KMS_KEY_ID: id,
      OMS_SOURCE_CDN_CRYPTO_TYPE: 'KMS',
      OMS_SOURCE_CDN_KMS_KEY_ID: id,
    });
    expect(config.sets.fromEnv).toEqual({
      srcAk: 'src-ak',
      srcSk: 'src-sk',
      connectionString: 'connection',
      jsonAuthFile: '{}',
      srcSecurityToken: 'src-token',
      dstAk: 'dst-ak',
      dstSk: 'dst-sk',
      dstSecurityToken: 'dst-token',
      sourceCdnAuthenticationKey: 'cdn',
      srcCryptoType: 'KMS',
      srcKmsKeyId: id,
      dstCryptoType: 'KMS',
      dstKmsKeyId: id,
      sourceCdnCryptoType: 'KMS',
      sourceCdnKmsKeyId: id,
    });
  });

  it('is none when no variable is set, or only to blanks', () => {
    expect(read({ OMS_DST_AK: ' ', OMS_SRC_AK: '' }).sets).toEqual({});
  });
});

describe('the projects', () => {
  const projects = (env: Env) =>
    read(env).projects.map(({ region, projectId, credentials }) => [
      region,
      projectId,
      credentials,
    ]);

  it.each<[string, Env, string[][]]>([
    ['none', {}, []],
    ['a region alone is none', { HUAWEICLOUD_SDK_REGION: 'cn-north-4' }, []],
    ['a project id alone is none', { HUAWEICLOUD_SDK_PROJECT_ID: 'p1' }, []],
    ["the SDK's own", place, [['cn-north-4', 'p1', 'default']]],
    [
      'a list with and without sets',
      { WAYBILL_OMS_PROJECTS: ' cn-north-4/p1 , ap-southeast-3/p2@azure.set,,' },
      [
        ['cn-north-4', 'p1', 'default'],
        ['ap-southeast-3', 'p2', 'azure.set'],
      ],
    ],
    [
      "the SDK's own before the list",
      { ...place, WAYBILL_OMS_PROJECTS: 'cn-north-4/p2@two' },
      [
        ['cn-north-4', 'p1', 'default'],
        ['cn-north-4', 'p2', 'two'],
      ],
    ],
    [
      "the list's set for the SDK's own",
      { ...place, WAYBILL_OMS_PROJECTS: 'cn-east-3/p2,cn-north-4/p1@one' },
      [
        ['cn-east-3', 'p2', 'default'],
        ['cn-north-4', 'p1', 'one'],
      ],
    ],
    ['an empty list', { ...place, WAYBILL_OMS_PROJECTS: ' , ' }, [['cn-north-4', 'p1', 'default']]],
  ])('are %s', (_name, env, expected) => {
    expect(projects(env)).toEqual(expected);
  });

  it.each([
    'cn-north-4',
    'cn-north-4/',
    '/p1',
    'cn-north-4/p1@',
    'cn-north-4/p1@a@b',
    'cn-north-4/p1@a b',
    'cn-north-4/p1/p2',
    'CN/p1',
    'cn-north-4/p 1',
    'cn-north-4/p1;cn-east-3/p2',
  ])('are refused as %j', (list) => {
    expect(faultsOf({ WAYBILL_OMS_PROJECTS: `ap-southeast-1/ok,${list}` })).toEqual({
      WAYBILL_OMS_PROJECTS: 'expected region/projectId[@credential set], separated by commas',
    });
  });

  it('are refused when one is there twice, as two sets would both start its tasks', () => {
    expect(faultsOf({ WAYBILL_OMS_PROJECTS: 'cn-north-4/p1@a,cn-north-4/p1@b' })).toEqual({
      WAYBILL_OMS_PROJECTS: 'expected every project of a region once',
    });
  });
});

describe('hasHuawei', () => {
  it.each([
    ['HUAWEICLOUD_SDK_AK', true],
    ['HUAWEICLOUD_SDK_SK', true],
    ['HUAWEICLOUD_IAM_USERNAME', true],
    ['HUAWEICLOUD_SDK_REGION', false],
    ['OMS_DST_AK', false],
  ])('with %s alone is %s', (name, expected) => {
    expect(hasHuawei(createEnvReader({ [name]: 'x' }))).toBe(expected);
    expect(hasHuawei(createEnvReader({ [name]: ' ' }))).toBe(false);
  });
});
