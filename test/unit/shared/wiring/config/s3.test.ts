import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../../shared/lib/errors.ts';
import { storesConfig } from '../../../../../shared/wiring/config/functions.ts';

const bucket = { WAYBILL_OBJECTS: 's3:examplebucket-1250000000' };
const aws = {
  AWS_REGION: 'ap-southeast-1',
  AWS_ACCESS_KEY_ID: 'AKIDAWS',
  AWS_SECRET_ACCESS_KEY: 'secret-of-aws',
};
const own = {
  WAYBILL_S3_REGION: 'ap-shanghai',
  WAYBILL_S3_ACCESS_KEY_ID: 'AKIDCOS',
  WAYBILL_S3_SECRET_ACCESS_KEY: 'secret-of-cos',
};

const faultsOf = (env: Readonly<Record<string, string>>): Record<string, string> => {
  try {
    storesConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]));
  }
  return {};
};

describe('the bucket of objects', () => {
  it('is on AWS, with its keys and region, when nothing else is said', () => {
    const env = { ...bucket, ...aws, AWS_SESSION_TOKEN: 'token' };
    const { s3, aws: stores } = storesConfig(env);
    expect(s3).toEqual({
      region: 'ap-southeast-1',
      keys: { accessKeyId: 'AKIDAWS', secretAccessKey: 'secret-of-aws', sessionToken: 'token' },
      endpoint: 'https://{bucket}.s3.{region}.amazonaws.com',
    });
    // Only for ledger and queue.
    expect(stores).toBeUndefined();
  });

  it.each([
    [
      'a region in China',
      { AWS_REGION: 'cn-north-1' },
      'https://{bucket}.s3.{region}.amazonaws.com.cn',
    ],
    ['an emulator', { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566/' }, 'http://127.0.0.1:4566'],
    [
      'an address of its own beside an emulator',
      {
        AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
        WAYBILL_S3_ENDPOINT: 'https://{bucket}.cos.{region}.myqcloud.com/',
      },
      'https://{bucket}.cos.{region}.myqcloud.com',
    ],
    [
      'an address behind a path',
      { WAYBILL_S3_ENDPOINT: 'http://127.0.0.1:9000/s3' },
      'http://127.0.0.1:9000/s3',
    ],
  ])('is found at its address: %s', (_name, change, endpoint) => {
    expect(storesConfig({ ...bucket, ...aws, ...change }).s3?.endpoint).toBe(endpoint);
  });

  it('has keys of its own beside those of AWS, and never halves of both', () => {
    const ledger = { WAYBILL_LEDGER: 'dynamodb:t' };
    const token = { AWS_SESSION_TOKEN: 'token of AWS' };
    const config = storesConfig({ ...bucket, ...ledger, ...aws, ...token, ...own });
    expect(config.s3).toMatchObject({
      region: 'ap-shanghai',
      keys: { accessKeyId: 'AKIDCOS', secretAccessKey: 'secret-of-cos' },
    });
    expect(config.s3?.keys.sessionToken).toBeUndefined();
    expect(config.aws).toMatchObject({
      region: 'ap-southeast-1',
      keys: { accessKeyId: 'AKIDAWS' },
    });
  });

  it('takes no key of AWS where ledger and queue are not there', () => {
    expect(faultsOf({ ...bucket, ...own })).toEqual({});
    expect(storesConfig({ ...bucket, ...own, WAYBILL_S3_SESSION_TOKEN: 't' }).s3?.keys).toEqual({
      accessKeyId: 'AKIDCOS',
      secretAccessKey: 'secret-of-cos',
      sessionToken: 't',
    });
  });

  it('is not read about where objects are in a folder', () => {
    expect(storesConfig({ WAYBILL_S3_ENDPOINT: 'nonsense' }).s3).toBeUndefined();
  });
});

describe('faults', () => {
  it('are listed at once, by variable', () => {
    expect(faultsOf({ WAYBILL_OBJECTS: 's3:Bad_Bucket', WAYBILL_S3_ENDPOINT: 'cos' })).toEqual({
      WAYBILL_OBJECTS: expect.stringContaining('expected s3:<bucket>'),
      WAYBILL_S3_REGION: expect.stringContaining('is not set; expected a region'),
      AWS_ACCESS_KEY_ID: expect.stringContaining('is not set'),
      AWS_SECRET_ACCESS_KEY: expect.stringContaining('is not set'),
      WAYBILL_S3_ENDPOINT: expect.stringContaining('expected an http:// or https:// address'),
    });
  });

  it.each([
    [
      'half a key pair',
      { ...own, WAYBILL_S3_SECRET_ACCESS_KEY: '' },
      'WAYBILL_S3_SECRET_ACCESS_KEY',
    ],
    ['the other half', { ...own, WAYBILL_S3_ACCESS_KEY_ID: '' }, 'WAYBILL_S3_ACCESS_KEY_ID'],
    ['a region that is none', { ...own, WAYBILL_S3_REGION: 'ap shanghai' }, 'WAYBILL_S3_REGION'],
    ['an emulator that is none', { AWS_ENDPOINT_URL: 'nowhere' }, 'AWS_ENDPOINT_URL'],
    ['a query', { WAYBILL_S3_ENDPOINT: 'https://x.example/?a=b' }, 'WAYBILL_S3_ENDPOINT'],
    [
      'keys in the address',
      { WAYBILL_S3_ENDPOINT: 'https://a:b@x.example' },
      'WAYBILL_S3_ENDPOINT',
    ],
    [
      'what nobody fills in',
      { WAYBILL_S3_ENDPOINT: 'https://{uin}.example' },
      'WAYBILL_S3_ENDPOINT',
    ],
    ['a bucket with a path', { WAYBILL_OBJECTS: 's3:bucket/a' }, 'WAYBILL_OBJECTS'],
    ['no bucket', { WAYBILL_OBJECTS: 's3:' }, 'WAYBILL_OBJECTS'],
  ])('%s', (_name, change, variable) => {
    expect(Object.keys(faultsOf({ ...bucket, ...aws, ...change }))).toEqual([variable]);
  });

  it('a token alone asks for its keys', () => {
    expect(Object.keys(faultsOf({ ...bucket, ...aws, WAYBILL_S3_SESSION_TOKEN: 't' }))).toEqual([
      'WAYBILL_S3_ACCESS_KEY_ID',
      'WAYBILL_S3_SECRET_ACCESS_KEY',
    ]);
  });

  it('G6: hold no values', () => {
    const canary = 'canary-4711';
    const env = { WAYBILL_S3_ACCESS_KEY_ID: canary, WAYBILL_S3_ENDPOINT: `x://${canary}` };
    const faults = faultsOf({ ...bucket, ...env, WAYBILL_S3_REGION: `${canary} ${canary}` });
    expect(Object.keys(faults)).toHaveLength(3);
    expect(JSON.stringify(faults)).not.toContain(canary);
  });
});
