import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../../shared/lib/errors.ts';
import {
  callbackConfig,
  cosFetchConfig,
  planConfig,
  runsConfig,
  storesConfig,
  sweepConfig,
} from '../../../../../shared/wiring/config/functions.ts';

const keys = { TENCENTCLOUD_SECRET_ID: 'AKIDexample', TENCENTCLOUD_SECRET_KEY: 'secret-example' };
const complete = {
  ...keys,
  WAYBILL_PUBLIC_URL: 'https://waybill.example/',
  WAYBILL_CALLBACK_KEYS: 'k2:0123456789abcdef,k1:fedcba9876543210',
};

function faultsOf(read: () => unknown): Record<string, string> {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('configuration', () => {
  it('needs nothing for the stores', () => {
    expect(storesConfig({})).toEqual({
      ledger: { kind: 'sqlite', place: './data/waybill.db' },
      queue: { kind: 'sqlite', place: './data/waybill.db' },
      objects: { kind: 'folder', place: './data/objects' },
      logLevel: 'info',
      retentionDays: 90,
    });
  });

  it('has the documented defaults', () => {
    expect(cosFetchConfig(complete)).toMatchObject({
      onKeyExist: 'override',
      publicUrl: 'https://waybill.example',
      settleMs: 60_000,
      allowHttps: false,
      callbackKeys: [
        { kid: 'k2', secret: '0123456789abcdef' },
        { kid: 'k1', secret: 'fedcba9876543210' },
      ],
      cos: {
        credentials: { secretId: 'AKIDexample', secretKey: 'secret-example' },
        migrationEndpoint: 'http://{region}.migration.myqcloud.com',
        objectsEndpoint: 'https://{bucket}.cos.{region}.myqcloud.com',
        limits: { requestsPerSecond: 100, inFlight: 50 },
      },
    });
    expect(sweepConfig(keys)).toMatchObject({ lostAfterMs: 900_000, maxAttempts: 3 });
    expect(planConfig({})).toMatchObject({ shardBytes: 262_144 });
    expect(callbackConfig(complete)).toMatchObject({ verify: 'failures' });
  });

  it('takes a temporary key pair', () => {
    const env = { ...complete, TENCENTCLOUD_SECURITY_TOKEN: 'token-example' };
    expect(cosFetchConfig(env).cos.credentials.securityToken).toBe('token-example');
  });

  it('asks for no key pair where callbacks are not verified', () => {
    const env = { WAYBILL_VERIFY: 'none', WAYBILL_CALLBACK_KEYS: complete.WAYBILL_CALLBACK_KEYS };
    expect(callbackConfig(env).cos).toBeUndefined();
  });

  it('lists every fault at once, by variable, and says what was expected', () => {
    const faults = faultsOf(() =>
      cosFetchConfig({
        TENCENTCLOUD_SECRET_ID: ' ',
        WAYBILL_LEDGER: 'mysql:waybill',
        WAYBILL_OBJECTS: 'folder:',
        WAYBILL_COS_FETCH_RPS: '0',
        WAYBILL_PACE: '22:00-06:00 400/s',
        WAYBILL_COS_FETCH_IN_FLIGHT: 'many',
        WAYBILL_ON_KEY_EXIST: 'replace',
        WAYBILL_PUBLIC_URL: 'waybill.example',
        WAYBILL_CALLBACK_KEYS: 'short:secret',
        WAYBILL_COS_ENDPOINT: 'ftp://x',
        WAYBILL_SETTLE_SECONDS: '-1',
        WAYBILL_ALLOW_HTTPS: 'yes',
        LOG_LEVEL: 'loud',
      }),
    );
    expect(faults).toEqual({
      LOG_LEVEL: 'expected one of info, debug, warn, error, silent',
      TENCENTCLOUD_SECRET_ID: expect.stringContaining('is not set'),
      TENCENTCLOUD_SECRET_KEY: expect.stringContaining('is not set'),
      WAYBILL_ALLOW_HTTPS: 'expected true or false',
      WAYBILL_CALLBACK_KEYS: expect.stringContaining('at least 16 characters'),
      WAYBILL_COS_ENDPOINT: expect.stringContaining('expected an http:// or https:// address'),
      WAYBILL_COS_FETCH_IN_FLIGHT: 'expected a whole number from 1 to 10000',
      WAYBILL_COS_FETCH_RPS: 'expected a whole number from 1 to 1000000',
      WAYBILL_PACE:
        'expected the rate of all other hours at the end, such as Asia/Shanghai 22:00-06:00 400/s, 50/s',
      WAYBILL_LEDGER: 'expected sqlite:<place> or dynamodb:<place> or postgres://…',
      WAYBILL_OBJECTS: 'expected folder:<place> or s3:<place>',
      WAYBILL_ON_KEY_EXIST: 'expected one of override, ignore',
      WAYBILL_PUBLIC_URL: expect.stringContaining('expected an http:// or https:// address'),
      WAYBILL_SETTLE_SECONDS: 'expected a whole number from 0 to 86400',
    });
  });

  it('G6: never puts a value into a fault', () => {
    const secret = 'canary-4711';
    const env = {
      ...complete,
      WAYBILL_CALLBACK_KEYS: `bad kid:${secret}`,
      WAYBILL_API_TOKENS: secret,
    };
    const text = JSON.stringify([
      faultsOf(() => cosFetchConfig(env)),
      faultsOf(() => runsConfig(env)),
    ]);
    expect(text).toContain('WAYBILL_API_TOKENS');
    expect(text).not.toContain(secret);
  });

  it.each([
    ['the same kid twice', 'WAYBILL_CALLBACK_KEYS', 'k1:0123456789abcdef,k1:fedcba9876543210'],
    ['a kid with a dot', 'WAYBILL_CALLBACK_KEYS', 'k.1:0123456789abcdef'],
    ['no key between commas', 'WAYBILL_CALLBACK_KEYS', ' , '],
    ['blanks for the begin of a secret', 'WAYBILL_CALLBACK_KEYS', 'k1:   3456789abcdef'],
    ['a place nobody fills in', 'WAYBILL_COS_MIGRATION_ENDPOINT', 'http://{bucket}.example'],
    ['a query behind an address', 'WAYBILL_PUBLIC_URL', 'https://waybill.example?tenant=1'],
    ['keys in an address', 'WAYBILL_COS_ENDPOINT', 'https://user:key@proxy.example'],
  ])('refuses %s', (_name, variable, value) => {
    expect(faultsOf(() => cosFetchConfig({ ...complete, [variable]: value }))).toHaveProperty(
      variable,
    );
  });

  it.each([
    ['a short token', 'abc', false],
    ['a broken digest', 'sha256:abc', false],
    ['two good ones', `0123456789abcdef,sha256:${'a'.repeat(64)}`, true],
    ['none', undefined, false],
    ['none between commas', ' , ', false],
  ])('API tokens: %s', (_name, value, good) => {
    const faults = faultsOf(() => runsConfig({ WAYBILL_API_TOKENS: value }));
    expect(faults).toEqual(good ? {} : { WAYBILL_API_TOKENS: expect.any(String) });
  });
});
